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
_PROPERTY = "proves"
_PROVEN: dict[str, dict[str, dict[str, set[str]]]] = {"passed": {}, "skipped": {}}


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


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = (yield).get_result()
    report.user_properties += [(_PROPERTY, [name, str(level)]) for name, level in (mark.args for mark in item.iter_markers("system"))]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what a test proved; called in the process that collects the reports of all workers, where the tests run in several."""
    outcome = "skipped" if report.skipped else "passed" if report.when == "call" and report.passed else ""
    for key, value in report.user_properties if outcome else ():
        if key == _PROPERTY:
            name, level = value
            _PROVEN[outcome].setdefault(name, {}).setdefault(level, set()).add(report.nodeid.partition("[")[0])


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = session.config.getoption("--proofs")
    if target and not hasattr(session.config, "workerinput"):  # a worker's own part is in the reports that it sends
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).write_text(json.dumps(_PROVEN, sort_keys=True, indent=1, default=sorted) + "\n")
