"""Copies of the repository, and the two ways to use the pipeline in them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rsvlm.recipes.load import recipe_files

NAMES = list(recipe_files(Path(__file__).resolve().parents[2]))


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


def command(folder: Path, mirror: Path, module: str, *arguments: str, seconds: float = 3000) -> subprocess.CompletedProcess[str]:
    """Run one of the two ways to use the pipeline in a copy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "RSVLM_", "DVC_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    environment = {**kept, "PATH": path, "RSVLM_MIRROR": str(mirror)}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds
    )
