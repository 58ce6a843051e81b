import json

import pyarrow.parquet as pq
import pytest
from PIL import Image

from rsvlm.errors import ConfigurationError, IntegrityError, LeakError
from rsvlm.evaluation import run
from rsvlm.evaluation.gallery import Exhibit, Item
from rsvlm.evaluation.run import TASKS, evaluate
from rsvlm.evaluation.scores import Score, flatten, summarise
from rsvlm.evaluation.settings import EvaluateSettings, Published
from rsvlm.evaluation.task import Result, Task
from rsvlm.files import canonical_json
from rsvlm.settings import validate
from tests.evaluation.conftest import sample, write_data


def section(data, tasks):
    paths = {"data": str(data), "model": "model", "judge": "judge"}
    return validate(EvaluateSettings, {"family": "contrastive", "system": "x", **paths, "tasks": tasks}, "recipe.yaml: evaluate.x")


@pytest.fixture
def one_task(monkeypatch):
    import pyarrow as pa

    def score(settings, context, answers):
        scores = {"top1": Score(0.12345678, 12, 0.1, 0.2, 1 / 3, "chance", "a note")}
        item = Item(Image.new("RGB", (300, 20), (9, 9, 9)), "text", True, beside=Image.new("RGB", (300, 20), (9, 9, 9)))
        return Result(scores, pa.table({"id": ["a"], "top1": [1.0]}), (Exhibit("title", "pairs", (item,)),))

    monkeypatch.setitem(run.TASKS, "zero_shot", Task(lambda settings, context: {}, score))


def test_evidence_holds_predictions_summary_and_gallery(tmp_path, data_folder, in_process, one_task):
    published = {"top1": {"value": 0.9, "note": "somebody"}}
    settings = section(data_folder, [{"task": "zero_shot", "name": "made", "published": published}])
    outputs = [tmp_path / "out1", tmp_path / "out2"]
    for output in outputs:
        output.mkdir()
        found = evaluate(settings, tmp_path, output, tmp_path / "scratch", 7)
    assert found.metrics == {
        "zero_shot/made/top1": 0.123457,
        "zero_shot/made/top1/baseline": 0.333333,
        "zero_shot/made/top1/high": 0.2,
        "zero_shot/made/top1/low": 0.1,
        "zero_shot/made/top1/n": 12,
        "zero_shot/made/top1/published": 0.9,
    }
    summary = json.loads((outputs[0] / "summary.json").read_bytes())["zero_shot"]["made"]["top1"]
    assert summary["baseline_is"] == "chance"
    assert summary["published_for"] == "somebody"
    gallery = json.loads((outputs[0] / "gallery.json").read_bytes())[0]
    assert gallery["items"][0]["beside"] == gallery["items"][0]["image"]
    assert Image.open(outputs[0] / gallery["items"][0]["image"]).size == (224, 15)
    assert pq.read_table(outputs[0] / "predictions-zero_shot-made.parquet").to_pylist() == [{"id": "a", "top1": 1.0}]
    for path in sorted(outputs[0].rglob("*.*")):
        assert path.read_bytes() == (outputs[1] / path.relative_to(outputs[0])).read_bytes()


@pytest.mark.fault
def test_f56_a_planted_training_image_stops_the_evaluation_before_any_question(tmp_path, in_process, one_task):
    clean = [*(sample(number, "test") for number in range(3)), *(sample(number, "train") for number in range(3))]
    planted = sample(77, "train", picture=1)  # the picture of test-001 under another name
    folder = write_data(tmp_path / "data", [*clean, planted])
    output = tmp_path / "out"
    output.mkdir()
    with pytest.raises(LeakError, match=r"1 evaluation samples are in the training data .*test-001 is train-077"):
        evaluate(section(folder, [{"task": "zero_shot", "name": "made"}]), tmp_path, output, tmp_path / "scratch", 7)
    assert list(output.iterdir()) == []


def test_every_task_of_the_settings_has_its_module():
    tasks = {"zero_shot", "retrieval", "scene_chat", "captioning", "grounding", "generation"}
    assert set(TASKS) == tasks


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ([{"task": "zero_shots", "name": "a"}], r"'zero_shots' is not allowed.*did you mean 'zero_shot'"),
        ([{"task": "zero_shot", "name": "a", "template": "s-clip"}], r"template: unknown key.*did you mean 'templates'"),
        ([{"task": "zero_shot", "name": "a", "published": {"top2": {"value": 1.0, "note": "x"}}}], r"recipe.yaml: evaluate.x: tasks.*top"),
        ([{"task": "zero_shot", "name": "a"}, {"task": "zero_shot", "name": "a"}], "two tasks are called zero_shot/a"),
        ([], "recipe.yaml: evaluate.x: tasks"),
    ],
)
def test_wrong_sections_are_refused_in_one_line(tmp_path, tasks, words):
    with pytest.raises(ConfigurationError, match=words) as refused:
        section(tmp_path, tasks)
    assert "\n" not in str(refused.value)


def test_flat_metrics_are_numbers_only_and_leave_out_what_is_not_there():
    flat = flatten({"a/b/c": Score(-0.0000001, 3)}, {"a/b/d": Published(value=1.0, note="")})
    assert flat == {"a/b/c": 0.0, "a/b/c/n": 3}
    assert canonical_json(flat) == b'{"a/b/c":0.0,"a/b/c/n":3}\n'
    assert summarise({"a/b/c": Score(0.5, 3)}, {}) == {"a": {"b": {"c": {"value": 0.5, "n": 3}}}}


def test_data_is_verified_before_it_is_used(tmp_path, data_folder, in_process, one_task):
    (data_folder / "rejected.jsonl").write_bytes(b"changed")
    with pytest.raises(IntegrityError, match=r"rejected\.jsonl"):
        evaluate(section(data_folder, [{"task": "zero_shot", "name": "made"}]), tmp_path, tmp_path, tmp_path / "scratch", 7)
