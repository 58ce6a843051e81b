"""Workspaces with pretended stages, and one Prefect server for all tests that do not look at how it starts and ends."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import server
from tests.flows.workspaces import make_workspace


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prefect server that lives as long as the tests."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("PREFECT_")]:
        del os.environ[name]
    try:
        with server.prefect_server(tmp_path_factory.mktemp("prefect")) as address:
            os.environ.clear()
            os.environ.update(before)
            yield address
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def workspace(root: Path, tmp_path: Path) -> Path:
    """The real DAG, recipes and harness, and stages that only pretend to work, in a folder with a space in its name."""
    folder = tmp_path / "a workspace"
    folder.mkdir()
    return make_workspace(root, folder)


@pytest.fixture
def migrated_workspace(workspace: Path, prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose Prefect database exists already, so that its own server starts in a few seconds."""
    template = next(tmp_path_factory.getbasetemp().glob("prefect*")) / server.HOME
    home = workspace / server.HOME
    home.mkdir(parents=True)
    for name in ("prefect.db", "prefect.db-wal", "prefect.db-shm"):
        if (template / name).is_file():
            shutil.copy(template / name, home / name)
    return workspace
