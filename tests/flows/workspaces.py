"""Workspaces for tests: one with the real DAG, recipes and harness, and stages that only pretend to work."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

STAGES = ("acquire", "caption", "instruct", "pretrain", "sft", "evaluate", "register")
COPIED = ("rsvlm", "components", "recipes", "dvc.yaml", "params.yaml", ".dvcignore")


def make_workspace(root: Path, folder: Path) -> Path:
    """Copy what a run needs from the repository into `folder`, with pretended stages."""
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    shutil.copy(Path(__file__).with_name("fake_stage.py"), folder / "components" / "fake_stage.py")
    for stage in STAGES:
        lines = ["from components.fake_stage import run", "from components.stage import main", "", f'main("{stage}", run)', ""]
        (folder / "components" / f"{stage}.py").write_text("\n".join(lines))
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], cwd=folder, check=True)
    return folder


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a command in a workspace: this Python first, and nothing of the caller's Prefect."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_API", "PREFECT_SERVER", "PREFECT_HOME", "DVC_"))
    }
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", "RSVLM_TRACKING": "none", **more}


def rsvlm(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a workspace and wait for it."""
    command = [sys.executable, "-m", "flows.cli.app", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(folder, **more), capture_output=True, text=True, timeout=280)


def dvc(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run DVC in a workspace and wait for it."""
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], cwd=folder, env=environment(folder, **more), capture_output=True, text=True, timeout=280
    )


def runs(folder: Path) -> list[str]:
    """The stages that did work in a workspace, in order."""
    log = folder / ".rsvlm-runs.log"
    return log.read_text().split() if log.is_file() else []
