"""Where a model comes from: data, checkpoints, code, parameters, packages, commit; every one by its hash.

Two views: `provenance` holds only what follows from the inputs, so it can stand in a report whose bytes must not
change from run to run; `lineage` adds the commit and DVC's hashes, for the registry and the command line.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from rsvlm.errors import IntegrityError
from rsvlm.files import MANIFEST, Manifest, read_manifest
from rsvlm.lineage.dvc import stage_hashes

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "pillow", "pyarrow", "diffusers", "peft", "rasterio", "mlflow")
_WRITTEN = ("dvc.lock", "reports")
_DATA = ("data/raw", "data/pairs", "data/conversations")


@dataclass(frozen=True)
class Folder:
    """One published folder of an item: path in the workspace, manifest hash, files and bytes."""

    path: str
    sha256: str
    files: int
    bytes: int


@dataclass(frozen=True)
class Provenance:
    """What follows from an item's inputs alone: its folders, the code fingerprints of its stages, package versions."""

    item: str
    folders: tuple[Folder, ...]
    code: Mapping[str, str]
    packages: Mapping[str, str]


def provenance(root: Path, item: str, family: str) -> Provenance:
    """Return the part of an item's lineage that is the same in every workspace with the same inputs."""
    return Provenance(item, tuple(_folders(root, item)), _code(root, family), package_versions())


def lineage(root: Path, item: str, family: str) -> dict[str, Any]:
    """Return an item's whole lineage as JSON: `git`, `folders`, `code`, `packages` and, by stage, `dvc` hashes."""
    stages = {stage: {"deps": dict(h.deps), "outs": dict(h.outs)} for stage, h in stage_hashes(root, item).items()}
    return {**asdict(provenance(root, item, family)), "git": git_state(root), "dvc": stages}


def git_state(root: Path) -> dict[str, Any]:
    """Return {"commit": hex or None, "dirty": whether tracked files differ from it}; no commit outside a Git checkout.

    What runs write themselves beside their results (`dvc.lock`, reports) says nothing of what they were made from.
    """
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return {"commit": None, "dirty": False}
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", *(f":(exclude){path}" for path in _WRITTEN)) or ""
    return {"commit": commit.strip(), "dirty": bool(changed.strip())}


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that results depend on, without a build's local part (`+cpu`)."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package).split("+")[0]
        except metadata.PackageNotFoundError:
            continue
    return found


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _folders(root: Path, item: str) -> list[Folder]:
    candidates = [root / parent / item for parent in _DATA]
    candidates += sorted(path for path in (root / "models" / item).glob("*") if path.is_dir() and not path.name.startswith("."))
    return [_folder(root, path, read_manifest(path)) for path in candidates if (path / MANIFEST).is_file()]


def _folder(root: Path, path: Path, manifest: Manifest) -> Folder:
    size = sum(entry.size for entry in manifest.files)
    return Folder(path.relative_to(root).as_posix(), manifest.sha256, len(manifest.files), size)


def _code(root: Path, family: str) -> dict[str, str]:
    """Return the fingerprint of each stage's code, as `code.json` has it; empty where that was not written yet."""
    path = root / "code.json"
    if not path.is_file():
        return {}
    try:
        table: dict[str, dict[str, str]] = json.loads(path.read_bytes())
        return {stage: families[family] for stage, families in sorted(table.items()) if family in families}
    except (ValueError, AttributeError) as error:
        raise IntegrityError(f"{path}: not readable ({error}); write it again: dvc repro code") from None
