"""The register stage as a command, and the MLflow run that every stage leaves."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components import tracking
from components.stage import Stage
from rsvlm.files import publish
from rsvlm.lineage.record import git_state
from rsvlm.recipes.parameters import load_parameters
from rsvlm.registry.database import experiment_of, open_tracking
from rsvlm.registry.store import list_models
from tests.registry.conftest import METRIC, make_subject, migrated
from tests.registry.test_serve import write_model

__all__ = ["migrated"]
ROOT = Path(__file__).parents[2]
RECIPE = """
about:
  tiny:
    {family: contrastive, system: tiny, title: Tiny, summary: A test., survey: {table: I, reference: 1, section: I}, licence: MIT}
register:
  tiny:
    family: contrastive
    system: tiny
    model: models/tiny/pretrain
    name: tiny
    licence: CC-BY-4.0
    metric: zero_shot/aid/top1
    gates: [{metric: zero_shot/aid/top1, at_least: GATE}]
"""


@pytest.fixture
def workspace(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a real tiny model, its evidence and one recipe."""
    monkeypatch.delenv("RSVLM_TRACKING", raising=False)
    root = tmp_path / "ws"
    make_subject(root, "w", 40)
    write_model(root / "models/tiny/pretrain")
    (root / "mlruns").mkdir()
    (root / "mlruns/mlflow.db").write_bytes(migrated.read_bytes())
    (root / "recipes/contrastive").mkdir(parents=True)
    (root / "recipes/contrastive/tiny.yaml").write_text(RECIPE.replace("GATE", "0.5"))
    (root / "params.yaml").write_text("seed: 7\n")
    (root / "code.json").write_text(json.dumps({"register": {"contrastive": "c0de"}}))
    return root


def command(root: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    arguments = [sys.executable, "-m", "components.register", "tiny"]
    return subprocess.run(arguments, cwd=root, env=environment, capture_output=True, text=True, timeout=280)


@pytest.mark.integration
def test_it_registers_writes_its_record_and_leaves_its_runs(workspace):
    done = command(workspace)
    assert done.returncode == 0, done.stderr
    assert "tiny version 1: champion, alias champion: first version that passes every gate" in done.stderr
    stored = (workspace / "reports/tiny/registration.json").read_bytes()
    record = json.loads(stored)
    assert (record["verdict"], record["alias"], record["name"]) == ("champion", "champion", "tiny")
    assert record["metrics"][METRIC] == pytest.approx(40 / 60)
    assert not {"version", "run_id", "created"} & set(record)

    opened = open_tracking(workspace, "sqlite:///mlruns/mlflow.db")
    runs = opened.client.search_runs([experiment_of(opened, "tiny")])
    parent = next(run for run in runs if run.data.tags["rsvlm.kind"] == "recipe")
    child = next(run for run in runs if run.data.tags["rsvlm.kind"] == "stage")
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert (child.info.run_name, child.info.status) == ("register@tiny", "FINISHED")
    assert child.data.params["metric"] == METRIC
    assert list_models(opened)[0]["aliases"] == ["champion"]

    assert command(workspace).returncode == 0
    assert (workspace / "reports/tiny/registration.json").read_bytes() == stored
    assert len(list_models(opened)) == 1


@pytest.mark.integration
def test_a_refused_model_ends_well_with_a_clear_line(workspace):
    (workspace / "recipes/contrastive/tiny.yaml").write_text(RECIPE.replace("GATE", "0.9"))
    done = command(workspace)
    assert done.returncode == 0, done.stderr
    assert f"tiny version 1: refused, without alias: {METRIC}: 0.6667; needed: at least 0.9" in done.stderr
    assert json.loads((workspace / "reports/tiny/registration.json").read_bytes())["alias"] == ""


@pytest.mark.fault
@pytest.mark.integration
@pytest.mark.parametrize(
    ("fault", "code", "line"),
    [
        (lambda root: (root / "models/tiny/pretrain/weights.safetensors").write_bytes(b"x"), 1, "weights.safetensors: 1 bytes instead of"),
        (lambda root: (root / "reports/tiny/metrics.json").write_text("[1]"), 1, "metrics.json: not a flat table of numbers"),
        (lambda root: (root / "reports/tiny/evidence/manifest.json").unlink(), 1, "evidence: no manifest.json"),
        (lambda root: (root / "mlruns/mlflow.db").write_bytes(b"garbage" * 4000), 1, "restore it from a backup"),
        (lambda root: (root / "recipes/contrastive/tiny.yaml").write_text(RECIPE), 2, "gates.0.at_least"),
    ],
)
def test_faults_end_in_one_line(workspace, fault, code, line):
    fault(workspace)
    done = command(workspace)
    assert done.returncode == code, done.stderr
    errors = [text for text in done.stderr.splitlines() if text.startswith("register: error:")]
    assert len(errors) == 1
    assert line in errors[0]
    assert "Traceback" not in done.stderr
    assert not (workspace / "reports/tiny/registration.json").exists()


@pytest.mark.integration
def test_a_server_that_is_away_fails_registration_but_says_so(workspace):
    done = command(workspace, RSVLM_TRACKING="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "tracking server 127.0.0.1:9 cannot be reached" in done.stderr


def stage_of(root: Path, name: str) -> Stage:
    from rsvlm.recipes.load import load_recipe

    recipe = load_recipe(root, "tiny")
    return Stage(name, "tiny", recipe.sections["laptop"]["register"], recipe.about, load_parameters(root), root, "c0de")


def test_a_training_stage_leaves_its_history_and_hashes(workspace):
    history = [{"step": step, "loss": 1.0 / (step + 1), "bad": float("nan")} for step in range(5)]
    with publish(workspace / "models/tiny/pretrain") as folder:
        (folder / "history.json").write_text(json.dumps(history))
    lock = "stages:\n  acquire@tiny:\n    outs:\n    - {path: data/raw/tiny, md5: aa.dir}\n"
    (workspace / "dvc.lock").write_text(lock)
    tracking.record(stage_of(workspace, "pretrain"), tracking.Ended(time.time(), finished=True))
    opened = open_tracking(workspace, "sqlite:///mlruns/mlflow.db")
    experiment = experiment_of(opened, "tiny")
    run = opened.client.search_runs([experiment], "tags.`rsvlm.stage` = 'pretrain'")[0]
    assert [(metric.step, metric.value) for metric in opened.client.get_metric_history(run.info.run_id, "loss")] == [
        (step, 1.0 / (step + 1)) for step in range(5)
    ]
    assert "bad" not in run.data.metrics
    assert run.data.tags["dvc.data/raw/tiny"] == "aa.dir"
    assert len(run.data.tags["manifest.sha256"]) == 64
    assert run.data.params["seed"] == "7"
    assert run.data.params["gates.0.at_least"] == "0.5"

    (workspace / "dvc.lock").write_text(lock + "  pretrain@tiny:\n    outs:\n    - {path: models/tiny/pretrain, md5: bb.dir}\n")
    tracking.record(stage_of(workspace, "register"), tracking.Ended(time.time(), finished=True))
    assert opened.client.get_run(run.info.run_id).data.tags["dvc.models/tiny/pretrain"] == "bb.dir"
    kinds = [found.data.tags["rsvlm.kind"] for found in opened.client.search_runs([experiment])]
    assert sorted(kinds) == ["recipe", "stage", "stage"]


def test_a_failed_stage_leaves_a_failed_run(workspace):
    tracking.record(stage_of(workspace, "pretrain"), tracking.Ended(time.time(), finished=False, error="disk full"))
    opened = open_tracking(workspace, "sqlite:///mlruns/mlflow.db")
    run = opened.client.search_runs([experiment_of(opened, "tiny")], "tags.`rsvlm.stage` = 'pretrain'")[0]
    assert (run.info.status, run.data.tags["rsvlm.error"]) == ("FAILED", "disk full")


@pytest.mark.fault
@pytest.mark.parametrize("where", ["http://127.0.0.1:9", "file:///tmp/mlruns", "sqlite:////proc/nowhere/x.db"])
def test_tracking_that_does_not_work_is_one_warning(workspace, monkeypatch, caplog, where):
    monkeypatch.setenv("RSVLM_TRACKING", where)
    tracking.record(stage_of(workspace, "pretrain"), tracking.Ended(time.time(), finished=True))
    warnings = [entry.getMessage() for entry in caplog.records if entry.name == "rsvlm.tracking"]
    assert len(warnings) == 1
    assert warnings[0].startswith("pretrain@tiny: not tracked: ")
    assert "\n" not in warnings[0]


def test_tracking_can_be_switched_off(workspace, monkeypatch):
    monkeypatch.setenv("RSVLM_TRACKING", "none")
    (workspace / "mlruns/mlflow.db").unlink()
    tracking.record(stage_of(workspace, "pretrain"), tracking.Ended(time.time(), finished=True))
    assert not (workspace / "mlruns/mlflow.db").exists()


def test_the_workspace_state_is_read_without_git(workspace, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(workspace.parent))
    assert git_state(workspace)["commit"] is None
