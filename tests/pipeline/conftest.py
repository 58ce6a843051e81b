"""A copy of the repository in which every recipe has run, cut short, on real images: made once for all tests here."""

import json
from pathlib import Path

import pytest

from tests.pipeline.copies import NAMES, command, copy_repository


@pytest.fixture(scope="session")
def copied(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, in which nothing has run."""
    return copy_repository(root, tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="session")
def finished(copied: Path, mirror: Path) -> tuple[Path, dict[str, dict], str]:
    """The copy after `rsvlm run` of every recipe at the smoke profile, the results by recipe, and what it said."""
    outcome = command(copied, mirror, "flows.cli.app", "run", *NAMES, "--profile", "smoke", "--json")
    assert outcome.returncode == 0, outcome.stderr[-6000:]
    return copied, {result["name"]: result for result in json.loads(outcome.stdout)}, outcome.stderr
