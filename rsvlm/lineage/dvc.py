"""What `dvc.lock` says about an item: the hashes of every stage's inputs, parameters and outputs."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rsvlm.errors import IntegrityError


@dataclass(frozen=True)
class StageHashes:
    """One stage as last reproduced: content hashes by path (`md5`, or `etag` of a cloud output), and its parameters."""

    stage: str
    deps: Mapping[str, str]
    outs: Mapping[str, str]
    params: Mapping[str, Mapping[str, Any]]


def stage_hashes(root: Path, item: str) -> dict[str, StageHashes]:
    """Return the recorded stages of an item, by stage name, in alphabetical order; empty before the first run.

    Raises:
        IntegrityError: `dvc.lock` cannot be read.
    """
    path = root / "dvc.lock"
    if not path.is_file():
        return {}
    try:
        stages = _stages(path, path.stat().st_mtime_ns, path.stat().st_size)
        found = {name.split("@")[0]: entry for name, entry in stages.items() if name.partition("@")[2] == item}
        return {stage: _hashes(stage, entry) for stage, entry in sorted(found.items())}
    except (YAMLError, AttributeError, TypeError, KeyError, UnicodeDecodeError):
        raise IntegrityError(f"{path}: not a readable lock file; restore it from Git: git checkout -- dvc.lock") from None


@functools.lru_cache(maxsize=4)
def _stages(path: Path, modified: int, size: int) -> Mapping[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(path.read_bytes().decode("utf-8")) or {}
    stages: Mapping[str, Any] = loaded.get("stages") or {}
    return stages


def _hashes(stage: str, entry: Mapping[str, Any]) -> StageHashes:
    return StageHashes(stage, _by_path(entry.get("deps")), _by_path(entry.get("outs")), entry.get("params") or {})


def _by_path(entries: list[Mapping[str, Any]] | None) -> dict[str, str]:
    return {entry["path"]: str(entry.get("md5") or entry.get("etag") or "") for entry in entries or []}
