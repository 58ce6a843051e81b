"""Fixtures that every test may use, the tiers in order, and the record of what is proven for which system."""

import json
import os
import signal
from pathlib import Path

import pytest

from components import environment
from tests.pipeline.copies import CORPORA, command, copy_repository

environment.apply()
# A shell that starts us in the background has us ignore Ctrl-C, and every child would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
ROOT = Path(__file__).resolve().parent.parent
_PROOFS = pytest.StashKey[dict[str, dict[str, dict[str, set[str]]]]]()


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder with copies of the public sources; tests of real data skip where there is none."""
    folder = Path(os.environ.get("RSVLM_MIRROR") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no mirror of the public sources here; set RSVLM_MIRROR to its folder")
    return folder


@pytest.fixture(scope="session")
def corpora(root: Path, mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict]]:
    """A copy of the repository after `rsvlm run` of every data recipe at the smoke profile, two at a time, and the results by recipe."""
    folder = copy_repository(root, tmp_path_factory.mktemp("corpora"))
    parameters = folder / "params.yaml"
    parameters.write_text(parameters.read_text("utf-8").replace("  parallel: 1\n", "  parallel: 2\n"), "utf-8")
    outcome = command(folder, mirror, "flows.cli.app", "run", *CORPORA, "--profile", "smoke", "--json")
    assert outcome.returncode == 0, outcome.stderr[-6000:]
    return folder, {result["name"]: result for result in json.loads(outcome.stdout)}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proofs", metavar="FILE", help="write which tests proved which level of which system to FILE (JSON)")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_PROOFS] = {"passed": {}, "skipped": {}}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = (yield).get_result()
    outcome = "skipped" if report.skipped else "passed" if report.when == "call" and report.passed else ""
    for mark in item.iter_markers("system") if outcome else ():
        name, level = mark.args
        levels = item.config.stash[_PROOFS][outcome].setdefault(name, {})
        levels.setdefault(str(level), set()).add(item.nodeid.partition("[")[0])


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = session.config.getoption("--proofs")
    if target:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).write_text(json.dumps(session.config.stash[_PROOFS], sort_keys=True, indent=1, default=sorted) + "\n")
