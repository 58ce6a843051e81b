"""Opening the tracking store: addresses, damage, absence, and eight processes at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.registry.database import experiment_of, open_tracking, tracking_uri

ROOT = Path(__file__).parents[2]


def test_a_relative_path_is_below_the_workspace(tmp_path, monkeypatch):
    monkeypatch.delenv("RSVLM_TRACKING", raising=False)
    assert tracking_uri(tmp_path, "sqlite:///mlruns/mlflow.db") == f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    assert tracking_uri(tmp_path, "sqlite:////var/x.db") == "sqlite:////var/x.db"


def test_the_environment_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("RSVLM_TRACKING", "http://127.0.0.1:5000")
    assert tracking_uri(tmp_path, "sqlite:///mlruns/mlflow.db") == "http://127.0.0.1:5000"


@pytest.mark.parametrize("uri", ["file:///tmp/mlruns", "./mlruns", "s3://bucket/x", ""])
def test_other_stores_are_refused(tmp_path, monkeypatch, uri):
    monkeypatch.delenv("RSVLM_TRACKING", raising=False)
    with pytest.raises(ConfigurationError, match=r"allowed: sqlite://, postgresql://"):
        tracking_uri(tmp_path, uri)


def test_a_password_never_shows(tmp_path, monkeypatch):
    monkeypatch.setenv("RSVLM_TRACKING", "ftp://me:canary-secret@host/db")
    with pytest.raises(ConfigurationError) as caught:
        tracking_uri(tmp_path, "")
    assert "canary-secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_named_within_seconds(tmp_path, monkeypatch):
    monkeypatch.setenv("RSVLM_TRACKING", "http://127.0.0.1:9")
    with pytest.raises(RsvlmError, match=r"tracking server 127\.0\.0\.1:9 cannot be reached"):
        open_tracking(tmp_path, "")


@pytest.mark.fault
def test_a_damaged_database_is_named_with_its_remedy(workspace):
    database = workspace / "mlruns/mlflow.db"
    data = database.read_bytes()
    for damaged in (b"not a database" * 1000, data[: len(data) // 3]):
        database.write_bytes(damaged)
        with pytest.raises(RsvlmError, match=r"mlflow\.db: .*; restore it from a backup, or move it away") as caught:
            open_tracking(workspace, "sqlite:///mlruns/mlflow.db")
        assert "\n" not in str(caught.value)
        assert database.read_bytes() == damaged


@pytest.mark.fault
def test_a_folder_that_may_not_be_written_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("RSVLM_TRACKING", raising=False)
    (tmp_path / "mlruns").write_text("a file where a folder should be")
    with pytest.raises(RsvlmError, match="a file stands where"):
        open_tracking(tmp_path, "sqlite:///mlruns/mlflow.db")


def test_artefacts_go_beside_the_database(tracking, workspace):
    experiment = experiment_of(tracking, "tiny")
    assert experiment_of(tracking, "tiny") == experiment
    found = tracking.client.get_experiment(experiment)
    assert found.artifact_location == (workspace / "mlruns/artifacts/tiny").as_uri()


@pytest.mark.integration
@pytest.mark.fault
def test_eight_processes_start_on_a_fresh_database(tmp_path):
    script = """
import sys
from pathlib import Path
from components import environment
environment.apply()
from rsvlm.registry.database import experiment_of, open_tracking
tracking = open_tracking(Path(sys.argv[1]), "sqlite:///mlruns/mlflow.db")
experiment = experiment_of(tracking, "shared")
for _ in range(2):
    run = tracking.client.create_run(experiment)
    tracking.client.log_metric(run.info.run_id, "loss", 1.0)
    tracking.client.set_terminated(run.info.run_id)
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    started = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(8)]
    errors = [process.communicate(timeout=280)[1] for process in started]
    assert [process.returncode for process in started] == [0] * 8, errors
    tracking = open_tracking(tmp_path, "sqlite:///mlruns/mlflow.db")
    found = tracking.client.search_runs([experiment_of(tracking, "shared")])
    assert len(found) == 16
    assert {run.info.status for run in found} == {"FINISHED"}
