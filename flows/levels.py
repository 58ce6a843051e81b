"""The level that each survey system has reached, as `docs/systems.json` records it from tests that passed."""

import json
from pathlib import Path

LEVELS = Path("docs/systems.json")


def levels(root: Path) -> dict[str, int]:
    """Return level 0 to 3 by system; systems without proof are left out.

    Level n counts only where every level below it is proven too.
    """
    path = root / LEVELS
    if not path.is_file():
        return {}
    stored = json.loads(path.read_bytes())
    return {system["name"]: reached(system["proofs"]) for system in stored["systems"]}


def reached(proofs: dict[str, list[str]]) -> int:
    """Return the highest level that is proven together with all levels below it; `proofs` lists tests by level."""
    level = 0
    while proofs.get(str(level + 1)):
        level += 1
    return level
