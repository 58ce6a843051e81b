"""Write docs/systems.md and docs/systems.json from what tests proved, or check that they claim no more than that.

Tests marked `@pytest.mark.system(name, level)` that pass are proofs; `pytest --proofs FILE` records them.

    python tests/systems.py PROOFS...            write the two files
    python tests/systems.py --check PROOFS...    fail if they claim more than was proven; name what they leave out
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flows.levels import reached
from rsvlm.recipes.load import recipe_files
from rsvlm.recipes.yaml import read_yaml

ROOT = Path(__file__).resolve().parent.parent
LIST, TABLE, RECORD = ROOT / "docs/survey.yaml", ROOT / "docs/systems.md", ROOT / "docs/systems.json"
FAMILIES = ("contrastive", "instruction", "generation", "adaptation", "data", "benchmark")

Proofs = dict[str, dict[str, list[str]]]


def merge(files: Iterable[Path], outcome: str) -> Proofs:
    """Put together the tests of several runs that ended in `passed` or `skipped`, by system and level."""
    merged: Proofs = {}
    for file in files:
        for name, levels in json.loads(file.read_bytes())[outcome].items():
            for level, tests in levels.items():
                kept = merged.setdefault(name, {}).setdefault(level, [])
                kept[:] = sorted({*kept, *tests})
    return merged


def record(survey: list[Mapping[str, Any]], proofs: Proofs, recipes: Iterable[str]) -> dict[str, Any]:
    """Return what docs/systems.json holds.

    Raises:
        ValueError: a test proves something for a system that is neither in the survey's list nor a recipe of our own.
    """
    names = [system["name"] for system in survey]
    known = set(recipes)
    unknown = sorted(set(proofs) - set(names) - known)
    if unknown:
        raise ValueError(f"tests are marked with systems that docs/survey.yaml does not list: {', '.join(unknown)}")
    return {"systems": [{**system, "recipe": system["name"] in known, "proofs": proofs.get(system["name"], {})} for system in survey]}


def markdown(stored: Mapping[str, Any]) -> str:
    """Return docs/systems.md."""
    systems = stored["systems"]
    counts = [sum(reached(system["proofs"]) >= level for system in systems) for level in (1, 2, 3)]
    lines = [
        "# The survey's systems, and how far each is",
        "",
        "Written by `make docs` from tests that passed; do not edit. L1: the recipe runs from acquisition to a result on real",
        "images. L2: its new ideas agree with their formulas and constants, against values worked out independently. L3: the",
        "published size can be built, planned and loaded. A level counts when those below it do.",
        "",
        f"{len(systems)} systems: {counts[0]} at L1 or above, {counts[1]} at L2 or above, {counts[2]} at L3.",
    ]
    for family in FAMILIES:
        members = [system for system in systems if system["family"] == family]
        lines += [
            "",
            f"## {family} ({len(members)})",
            "",
            "| system | table | reference | recipe | L1 | L2 | L3 |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [_row(system) for system in members]
    return "\n".join(lines) + "\n"


def _row(system: Mapping[str, Any]) -> str:
    tests = [len(system["proofs"].get(str(level), [])) for level in (1, 2, 3)]
    cells = [f"{count} test{'s' if count > 1 else ''}" if count else "" for count in tests]
    recipe = f"`{system['name']}`" if system["recipe"] else ""
    return f"| {system['title']} | {system['table']} | {system['reference'] or ''} | {recipe} | {' | '.join(cells)} |"


def differences(stored: Mapping[str, Any], passed: Proofs, skipped: Proofs) -> tuple[list[str], list[str]]:
    """Return what docs/systems.json claims without proof, and what it does not mention though it is proven.

    Tests that were skipped (no real data on this machine) neither prove nor disprove.
    """
    found: list[str] = []
    unlisted: list[str] = []
    for system in stored["systems"]:
        name = system["name"]
        for level in ("1", "2", "3"):
            claimed, proven, unknown = (
                set(source.get(level, [])) for source in (system["proofs"], passed.get(name, {}), skipped.get(name, {}))
            )
            found += [f"{name} L{level}: {test} is claimed, but did not pass" for test in sorted(claimed - proven - unknown)]
            unlisted += [f"{name} L{level}: {test} passed, but is not listed" for test in sorted(proven - claimed)]
    return found, unlisted


def check(passed: Proofs, skipped: Proofs) -> int:
    """Compare the two files with the proofs; returns the exit code."""
    stored = json.loads(RECORD.read_bytes())
    wrong, unlisted = differences(stored, passed, skipped)
    if TABLE.read_text(encoding="utf-8") != markdown(stored):
        wrong.append(f"{TABLE.name} does not show what {RECORD.name} holds")
    if wrong or unlisted:
        print("\n".join([*wrong, *unlisted, "run: make docs"]), file=sys.stderr)
    return 1 if wrong else 0


def main() -> int:
    """Run as a command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    parser.add_argument("proofs", nargs="+", type=Path)
    arguments = parser.parse_args()
    passed = merge(arguments.proofs, "passed")
    stored = record(read_yaml(LIST)["systems"], passed, recipe_files(ROOT))
    if arguments.check:
        return check(passed, merge(arguments.proofs, "skipped"))
    RECORD.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    TABLE.write_text(markdown(stored), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
