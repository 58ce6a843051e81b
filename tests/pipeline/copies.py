"""Copies of the repository, and the two ways to use the pipeline in them."""

import hashlib
import mmap
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from rsvlm.recipes.load import recipe_files

# Made, not written out: this file is itself in every copy that is searched for them.
SECRETS = {
    name: f"canary-{hashlib.sha256(name.encode()).hexdigest()[:24]}"
    for name in ("AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD", "RSVLM_OTHER_TRACKING")
}
_FILES = recipe_files(Path(__file__).resolve().parents[2])
NAMES = [name for name, path in _FILES.items() if path.parent.name != "data"]
CORPORA = [name for name, path in _FILES.items() if path.parent.name == "data"]


def copy_repository(root: Path, folder: Path) -> Path:
    """Copy what git knows or would add: no data, no environment, nothing that a user has made."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0"):
        if name and (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, folder / name)
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "Copy"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def environment(mirror: Path) -> dict[str, str]:
    """Return an environment for a copy; it holds secrets which nothing there needs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "RSVLM_", "DVC_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    planted = {**SECRETS, "RSVLM_OTHER_TRACKING": f"postgresql://me:{SECRETS['RSVLM_OTHER_TRACKING']}@localhost/mlflow"}
    return {**kept, "PATH": path, "RSVLM_MIRROR": str(mirror), "AWS_ACCESS_KEY_ID": "canary", **planted}


def command(folder: Path, mirror: Path, module: str, *arguments: str, seconds: float = 3000) -> subprocess.CompletedProcess[str]:
    """Run one of the two ways to use the pipeline in a copy."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=folder, env=environment(mirror), capture_output=True, text=True, timeout=seconds
    )


def files_with(folder: Path, texts: Iterable[str]) -> list[str]:
    """Return `file: text` for each file anywhere in a folder, hidden ones too, whose name or bytes hold one of the texts."""
    needles = [(text, text.encode()) for text in texts]
    found = []
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        with path.open("rb") as stream:
            held: bytes | mmap.mmap = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
            found += [f"{name}: {text}" for text, needle in needles if text in name or held.find(needle) >= 0]
    return found


def _files(folder: Path) -> Iterator[Path]:
    """Yield every regular file; of hard links to the same bytes (DVC's cache, registered weights), one."""
    seen: set[tuple[int, int]] = set()
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and (key := (status.st_dev, status.st_ino)) not in seen:
            seen.add(key)
            yield path
