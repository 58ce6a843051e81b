"""Fixtures that every test may use, the tiers in order, and the record of what is proven for which system."""

import json
import os
from pathlib import Path

import pytest

from components import environment

environment.apply()
ROOT = Path(__file__).resolve().parent.parent
_PROOFS = pytest.StashKey[dict[str, dict[str, list[str]]]]()


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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proofs", metavar="FILE", help="write which tests proved which level of which system to FILE (JSON)")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_PROOFS] = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = (yield).get_result()
    if report.when == "call" and report.passed:
        for mark in item.iter_markers("system"):
            name, level = mark.args
            tests = item.config.stash[_PROOFS].setdefault(name, {}).setdefault(str(level), [])
            tests.append(item.nodeid.partition("[")[0])


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = session.config.getoption("--proofs")
    if target:
        proofs = {
            name: {level: sorted(set(tests)) for level, tests in levels.items()} for name, levels in session.config.stash[_PROOFS].items()
        }
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).write_text(json.dumps(proofs, sort_keys=True, indent=1) + "\n")
