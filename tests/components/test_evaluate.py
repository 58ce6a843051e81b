import json

import pytest

from components import evaluate as component
from components.stage import Stage
from rsvlm.errors import LeakError, RsvlmError
from rsvlm.evaluation.run import Evaluation
from rsvlm.evaluation.settings import EvaluateSettings, ZeroShotSettings
from rsvlm.files import publish, verify, write_atomic
from rsvlm.recipes.parameters import Parameters
from rsvlm.recipes.schema import About, Survey


@pytest.fixture
def stage(tmp_path, monkeypatch):
    for folder in ("data/pairs/x", "models/x/pretrain"):
        with publish(tmp_path / folder, {}) as partial:
            (partial / "a").write_text(folder)
    paths = {"data": "data/pairs/x", "model": "models/x/pretrain", "judge": "models/x/pretrain"}
    tasks = (ZeroShotSettings(task="zero_shot", name="aid"),)
    settings = EvaluateSettings(family="contrastive", system="x", tasks=tasks, **paths)
    about = About(
        family="contrastive",
        system="x",
        title="X",
        summary="s",
        survey=Survey(table="I", reference=1, section="III"),
        licence="CC0",
    )
    monkeypatch.setattr(component, "load_recipe", lambda root, name: type("R", (), {"sections": {"laptop": {"evaluate": settings}}}))
    return Stage("evaluate", "x", settings, about, Parameters(), tmp_path, "code")


@pytest.fixture
def measured(monkeypatch):
    def evaluate(section, root, output, scratch, seed, address):
        (output / "summary.json").write_text("{}")
        (scratch / "blocks").mkdir(exist_ok=True)
        return Evaluation({"zero_shot/aid/top1": 0.5}, {"tasks": ["zero_shot/aid"]})

    def report(item, about, sections, root, evidence, metrics, output):
        verify(evidence)
        write_atomic(output, f"{item} {about.title} {sorted(sections)} {metrics}".encode())

    monkeypatch.setattr("rsvlm.evaluation.run.evaluate", evaluate)
    monkeypatch.setattr("rsvlm.reports.build.build_report", report)


def test_everything_is_there_once_metrics_are(stage, measured):
    component.run(stage)
    folder = stage.root / "reports" / "x"
    assert json.loads((folder / "metrics.json").read_bytes()) == {"zero_shot/aid/top1": 0.5}
    assert verify(folder / "evidence").facts == {"tasks": ["zero_shot/aid"]}
    assert (folder / "report.html").read_text() == "x X ['evaluate'] {'zero_shot/aid/top1': 0.5}"
    assert not list((stage.root / ".rsvlm/scratch").iterdir())


def test_a_report_that_fails_leaves_no_metrics_of_an_older_run(stage, measured, monkeypatch):
    component.run(stage)

    def broken(*arguments):
        raise RsvlmError("no room")

    monkeypatch.setattr("rsvlm.reports.build.build_report", broken)
    with pytest.raises(RsvlmError, match="no room"):
        component.run(stage)
    assert not (stage.root / "reports" / "x" / "metrics.json").exists()


def test_a_leak_publishes_nothing_and_keeps_the_scratch(stage, measured, monkeypatch):
    def leaking(section, root, output, scratch, seed, address):
        (output / "summary.json").write_text("{}")
        (scratch / "kept").write_text("x")
        raise LeakError("1 evaluation samples are in the training data")

    monkeypatch.setattr("rsvlm.evaluation.run.evaluate", leaking)
    with pytest.raises(LeakError):
        component.run(stage)
    assert not (stage.root / "reports" / "x").exists() or not list((stage.root / "reports" / "x").iterdir())
    assert list((stage.root / ".rsvlm/scratch").glob("*/kept"))
