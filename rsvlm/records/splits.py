"""Splits by scene: every chip of a scene goes where its scene goes, and that depends on the seed and the scene's name alone."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from rsvlm.errors import DataError
from rsvlm.records.models import SPLITS, safe_id
from rsvlm.seeds import seed_of

_RANGE = float(2**63)


def share_of(seed: int, purpose: str, name: str) -> float:
    """Return a number in [0, 1) that only these three decide."""
    return seed_of(seed, purpose, name) / _RANGE


def scene_named(pattern: str, file: str, prefix: str, source: str) -> str:
    """Return the id of the scene that a file's name tells.

    Args:
        pattern: regular expression of the recipe; its first group, found in the name without its ending, names the scene.
        file: path of the picture.
        prefix: starts the id.
        source: the source's name, for messages.

    Raises:
        DataError: the pattern does not match.
        Unfit: what it finds gives no safe id.
    """
    found = re.search(pattern, PurePosixPath(file).stem)
    if found is None or found[1] is None:
        raise DataError(f"source '{source}': the recipe's scene pattern {pattern!r} does not match '{file}'")
    return safe_id(prefix, found[1])


def split_of(seed: int, scene: str, shares: Mapping[str, float]) -> str:
    """Return the split of a scene.

    Args:
        seed: the workspace's seed.
        scene: the scene's name, the same for everything cut from it.
        shares: share of scenes by split; together at most one, the rest is train.
    """
    place, reached = share_of(seed, "split", scene), 0.0
    for split in SPLITS[:-1]:
        reached += shares.get(split, 0.0)
        if place < reached:
            return split
    return "train"


def check_scenes(pairs: Iterable[tuple[str, str]]) -> None:
    """Make sure that no scene lies in two splits.

    Args:
        pairs: (scene, split) of every record.

    Raises:
        DataError: naming the first scene that does.
    """
    seen: dict[str, str] = {}
    for scene, split in pairs:
        if seen.setdefault(scene, split) != split:
            raise DataError(f"scene '{scene}' has records in {seen[scene]} and in {split}; a scene must stay in one split")
