"""The `code` stage: write `code.json`, the hash of the code behind every stage, for DVC to compare.

Every other stage names its entry in `code.json` among its parameters. DVC runs this stage (a second) after any change
below `rsvlm/` or `components/`, and then only those stages whose code changed its meaning.
"""

from pathlib import Path

from rsvlm.files import readable_json, write_atomic
from rsvlm.lineage.code import fingerprint
from rsvlm.recipes.schema import FAMILIES, STAGES


def main() -> None:
    """Fingerprint every stage for every family."""
    root = Path.cwd()
    table = {stage: {family: fingerprint(root, stage, family) for family in FAMILIES} for stage in STAGES}
    write_atomic(root / "code.json", readable_json(table))


if __name__ == "__main__":
    main()
