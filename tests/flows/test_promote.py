"""`rsvlm promote`, `rsvlm rollback` and `rsvlm show --lineage`, on a registry of real MLflow."""

import json
import shutil
from pathlib import Path

import pytest

from flows.cli.lineage import rebuild_command, show_lineage
from flows.cli.promote import promote_version, roll_back
from flows.models import open_registry
from rsvlm.errors import ConfigurationError
from rsvlm.registry.store import resolve
from tests.flows.registries import make_registry_workspace
from tests.flows.workspaces import rsvlm
from tests.registry.conftest import aliases, migrated, package_of, stand_in

__all__ = ["migrated", "stand_in"]
pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
STORE = {"RSVLM_TRACKING": "sqlite:///mlruns/mlflow.db"}


@pytest.fixture
def registered(tmp_path: Path, migrated: Path, stand_in: type, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a champion (version 1), a challenger (2) and a refused version (3)."""
    monkeypatch.delenv("RSVLM_TRACKING", raising=False)
    return make_registry_workspace(tmp_path / "ws", migrated)


def refused(folder: Path, code: int, *arguments: str) -> str:
    outcome = rsvlm(folder, *arguments, **STORE)
    assert (outcome.returncode, outcome.stdout) == (code, ""), outcome.stderr
    lines = outcome.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0].removeprefix("rsvlm: error: ")


def test_promote_and_rollback_as_commands(registered: Path) -> None:
    done = rsvlm(registered, "promote", "tiny", "--reason", "better on the coast", "--json", **STORE)
    assert (done.returncode, done.stderr) == (0, "")
    expected = {"name": "tiny", "version": "2", "replaced": "1", "verdict": "challenger", "reason": "better on the coast", "changed": True}
    assert json.loads(done.stdout) == expected
    back = rsvlm(registered, "rollback", "tiny", **STORE)
    assert (back.returncode, back.stderr) == (0, "")
    assert back.stdout == "tiny: version 1 is the champion now; version 2 is kept as previous (back to it: rsvlm rollback tiny)\n"
    assert aliases(open_registry(registered)) == {"champion": "1", "previous": "2"}


@pytest.mark.fault
def test_wrong_calls_are_one_line_and_change_nothing(registered: Path) -> None:
    assert "version 3 was refused" in refused(registered, 2, "promote", "tiny/3")
    assert "--force --reason TEXT" in refused(registered, 2, "promote", "tiny/3", "--force")
    assert "no registered model 'tiny/7'" in refused(registered, 2, "promote", "tiny/7", "--json")
    assert "no previous champion" in refused(registered, 2, "rollback", "tiny")
    assert "no registered model 'tny'" in refused(registered, 2, "rollback", "tny")
    assert "Missing argument" in refused(registered, 2, "promote")
    shutil.rmtree(package_of(open_registry(registered), "2"))
    assert "tiny version 2: its files are not whole" in refused(registered, 1, "promote", "tiny")
    assert aliases(open_registry(registered)) == {"champion": "1", "challenger": "2"}


def test_what_it_says(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    promote_version(registered, "tiny/1", "", force=False, as_json=False)
    assert capsys.readouterr().out == "tiny: version 1 is the champion already; nothing changed\n"
    open_registry(registered).client.delete_registered_model_alias("tiny", "champion")
    promote_version(registered, "tiny/3", "the only one for snow", force=True, as_json=False)
    assert capsys.readouterr().out == "tiny: version 3 is the champion now; there was none before\n"
    promote_version(registered, "tiny/1", "", force=False, as_json=False)
    capsys.readouterr()
    roll_back(registered, "tiny", as_json=True)
    assert json.loads(capsys.readouterr().out)["reason"] == "rollback from version 1"


def test_lineage_of_a_recipe_and_of_a_version(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = rsvlm(registered, "show", "tiny", "--lineage", "--json", **STORE)
    assert (shown.returncode, shown.stderr) == (0, "")
    latest = json.loads(shown.stdout)
    assert (latest["version"], latest["verdict"], latest["rebuild"]) == ("3", "refused", "rsvlm run tiny --profile laptop")
    assert latest["dvc"] == {"data/pairs/tiny": "aa.dir", "models/tiny/pretrain": "bb.dir"}
    assert (latest["code"], latest["differs"]) == ({"pretrain": "c1"}, [])

    promote_version(registered, "tiny", "better on the coast", force=False, as_json=False)
    lock = registered / "dvc.lock"
    lock.write_text(lock.read_text().replace("aa.dir", "zz.dir"))
    capsys.readouterr()
    show_lineage(registered, "tiny/2", "laptop", as_json=False)
    lines = {line.split("  ")[0].strip(): line.split("  ", 1)[1].strip() for line in capsys.readouterr().out.splitlines() if "  " in line}
    assert lines["model"] == "tiny version 2 (champion)"
    assert lines["by hand"] == "champion after version 1; the gates said challenger: better on the coast"
    assert lines["here"] == "this workspace differs: data/pairs/tiny"
    assert lines["parameters"].startswith("sha256 ")
    assert lines["rebuild"] == "rsvlm run tiny --profile laptop"


def test_the_command_goes_to_the_commit_of_the_version(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git = {"commit": "c0ffee", "dirty": False, "here": "c0ffee"}
    assert rebuild_command("tiny-smoke", git) == "rsvlm run tiny --profile smoke"
    assert rebuild_command("tiny", {**git, "here": "beef"}) == "git checkout c0ffee && rsvlm run tiny --profile laptop"
    assert rebuild_command("", git) == "not recorded"
    tracking = open_registry(registered)
    for key, value in (("git_commit", "c0ffee"), ("git_dirty", "true")):
        tracking.client.set_model_version_tag("tiny", "1", key, value)
    show_lineage(registered, "tiny@champion", "laptop", as_json=False)
    out = capsys.readouterr().out
    assert "c0ffee, with changes in the working tree\n" in out
    assert "git checkout c0ffee && rsvlm run tiny --profile laptop\n" in out


@pytest.mark.fault
def test_lineage_of_what_is_not_registered(registered: Path) -> None:
    for name, profile, words in (
        ("tiny", "smoke", "'tiny-smoke' is not registered yet; do it: rsvlm run tiny --profile smoke"),
        ("tiny", "full", "no profile 'full'"),
        ("tiny/8", "laptop", "no registered model 'tiny/8'"),
        ("nothing", "laptop", "no registered model 'nothing'"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            show_lineage(registered, name, profile, as_json=True)
    shutil.copytree(ROOT / "recipes/data", registered / "recipes/data")
    with pytest.raises(ConfigurationError, match=r"^'skyscript', profile smoke, registers no model, ") as told:
        show_lineage(registered, "skyscript", "smoke", as_json=True)
    assert "rsvlm run" not in str(told.value)
    record = registered / "reports/tiny/registration.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "model_sha256": "0" * 64}))
    with pytest.raises(ConfigurationError, match="the registry here lacks the version"):
        show_lineage(registered, "tiny", "laptop", as_json=True)
    assert resolve(open_registry(registered), "tiny").version
