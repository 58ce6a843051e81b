"""What each task scores for answers that are known: fake models stand behind the predictors."""

import io

import numpy as np
import pytest
from PIL import Image

from rsvlm.evaluation.predictors import ChatAnswers, ImageVectors, MadeImages, TextVectors, png
from rsvlm.evaluation.settings import (
    CaptioningSettings,
    GenerationSettings,
    GroundingSettings,
    RetrievalSettings,
    SceneChatSettings,
    ZeroShotSettings,
)
from rsvlm.evaluation.tasks import captioning, generation
from rsvlm.evaluation.tasks.grounding import best_constant_box

CLASSES = ("BareLand", "Pond", "Viaduct")
WORDS = ("bare land", "pond", "viaduct")


def class_of(name: str) -> int:
    return int(name.split("-")[1]) % 3


def vector(kind: int, spice: int) -> list[float]:
    """A vector that points to its class, and a little in a direction of its own."""
    values = np.zeros(64, dtype=np.float32)
    values[kind] = 1.0
    values[3 + spice % 61] = 0.5
    return values.tolist()


def of_text(text: str) -> list[float]:
    if "scene test-" in text:
        number = int(text.split("test-")[1][:3])
        return vector(number % 3, number)
    kind = next((index for index, word in enumerate(WORDS) if word.replace(" ", "") in text.replace(" ", "")), 0)
    return (3 * np.asarray(vector(kind, 60))).tolist()


@pytest.fixture
def fakes(monkeypatch):
    """Models that know every scene; what they say can be changed by number."""
    wrong: set[int] = set()

    def embed(row):
        number = int(row["id"].split("-")[1])
        kind = (number + (number in wrong)) % 3
        return {"id": row["id"], "embedding": vector(kind, number), "features": vector(kind, number * 7)}

    def chat(self, row):
        number = int(row["id"].split("-")[1])
        if "refer" in row["id"]:
            return "" if number in wrong else "{<10><10><60><60>|<0>}"
        if "caption" in row["id"]:
            return "a river" if number in wrong else f"caption of scene test-{number:03d} ."
        return "pond" if self.blind or number in wrong else WORDS[number % 3].title() + "."

    def made(self, row):
        picture = Image.new("RGB", (16, 16), (int(row["seed"]) % 255, 0, 0))
        known = embed(row) if self.untrained is None else {"embedding": vector(0, 1), "features": vector(2, 5)}
        return {"id": row["id"], "image": png(picture), "embedding": known["embedding"], "features": known["features"]}

    def opens(answer):
        return lambda self, device: lambda rows: [answer(self, row) for row in rows]

    monkeypatch.setattr(ImageVectors, "open", opens(lambda self, row: embed(row)))
    monkeypatch.setattr(TextVectors, "open", opens(lambda self, row: {"id": row["id"], "vector": of_text(row["text"]), "scale": 20.0}))
    monkeypatch.setattr(ChatAnswers, "open", opens(lambda self, row: {"id": row["id"], "answer": chat(self, row)}))
    monkeypatch.setattr(MadeImages, "open", opens(made))
    for predictor in (ImageVectors, TextVectors, ChatAnswers, MadeImages):
        monkeypatch.setattr(predictor, "key", lambda self: {"fake": type(self).__name__, "of": str(self), "wrong": sorted(wrong)})
    monkeypatch.setattr(generation, "tower_name", lambda folder: "fake_tower")
    monkeypatch.setattr(generation, "made_side", lambda folder: 16)
    return wrong


@pytest.mark.system("remoteclip", 1)
def test_zero_shot_counts_hits_beside_chance_and_majority(evaluate, fakes):
    fakes |= {0, 5, 7}
    found = evaluate(ZeroShotSettings(task="zero_shot", name="made"))
    assert found.scores["top1"].value == 9 / 12
    assert found.scores["top1"].baseline == 1 / 3
    assert found.scores["top1"].low < 9 / 12 < found.scores["top1"].high
    assert found.scores["majority"].value == 4 / 12
    assert found.scores["top1_other_order"].n == 12
    assert found.predictions.column("top1").to_pylist() == [0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1]
    assert {exhibit.kind for exhibit in found.exhibits} == {"pairs", "confusion"}
    assert any("(is: " in item.text and item.right is False for item in found.exhibits[0].items)


def test_a_limit_draws_the_same_records_every_time(evaluate, fakes):
    settings = ZeroShotSettings(task="zero_shot", name="made", limit=5)
    first, second = (evaluate(settings).predictions.column("id").to_pylist() for _ in range(2))
    assert first == second
    assert len(first) == 5


@pytest.mark.system("remoteclip", 1)
def test_retrieval_scores_every_protocol_apart(evaluate, fakes):
    found = evaluate(RetrievalSettings(task="retrieval", name="made"))
    assert found.scores["i2t_r1"].value == 1.0  # the caption with the scene's own number is nearest
    assert found.scores["t2i_r1"].value == (24 + 3) / 36  # a caption that four scenes share finds its own in one of four
    assert "protocol multi: 12 images, 36 texts" in found.scores["mean_recall"].note
    assert "protocol unique-text: 12 images, 15 texts" in found.scores["mean_recall_unique_text"].note
    assert "protocol one-to-one: 12 images, 12 texts" in found.scores["mean_recall_one_to_one"].note
    by_image = np.array(found.predictions.column("mean_recall").to_pylist())
    assert by_image.mean() == pytest.approx(found.scores["mean_recall"].value)
    by_image = np.array(found.predictions.column("mean_recall_unique_text").to_pylist())
    assert by_image.mean() == pytest.approx(found.scores["mean_recall_unique_text"].value)


@pytest.mark.system("geochat", 1)
def test_scene_chat_is_compared_with_its_blind_twin(evaluate, fakes):
    fakes |= {3}
    found = evaluate(SceneChatSettings(task="scene_chat", name="made", image_blind=6))
    assert found.scores["exact_match"].value == 11 / 12
    blind = [answer for answer in found.predictions.column("image_blind_answer").to_pylist() if answer is not None]
    assert blind == ["pond"] * 6
    assert found.scores["image_blind"].n == 6
    part = [row for row in found.predictions.to_pylist() if row["image_blind_answer"] is not None]
    difference = np.mean([row["exact_match"] - (row["label"] == "Pond") for row in part])
    assert found.scores["over_image_blind"].value == pytest.approx(difference)
    assert found.exhibits[0].items[0].text.startswith("Question: What is the scene?\nAnswer: ")


@pytest.mark.system("geochat", 1)
def test_captions_are_compared_with_the_best_constant_one(evaluate, fakes, monkeypatch):
    monkeypatch.setattr(captioning, "meteor_command", lambda: None)
    fakes |= {1}
    found = evaluate(CaptioningSettings(task="captioning", name="made"))
    assert found.scores["cider"].value > found.scores["cider"].baseline
    assert found.scores["cider"].baseline_name == "best constant training caption"
    assert found.scores["cider_over_constant"].low > 0
    assert "meteor" not in found.scores
    assert found.predictions.column("cider").to_pylist()[1] < 0.01


@pytest.mark.system("geochat", 1)
def test_grounding_counts_boxes_one_to_one(evaluate, fakes):
    fakes |= {0, 1, 2}
    found = evaluate(GroundingSettings(task="grounding", name="made"))
    assert found.scores["acc"].value == 9 / 12
    assert found.scores["answered_with_a_box"].value == 9 / 12
    assert found.predictions.column("best_overlap").to_pylist()[0] == 0
    item = found.exhibits[0].items[0]
    assert {outline.kind for outline in item.outlines} <= {"truth", "answer"}
    assert all(0 <= value <= 1 for outline in item.outlines for point in outline.points for value in point)


def test_the_best_constant_box_is_the_one_that_finds_most():
    truth = [(0.05, 0.05), (0.45, 0.05), (0.45, 0.45), (0.05, 0.45)]
    np.testing.assert_allclose(best_constant_box([[truth], [truth]], 0.5), truth, atol=1e-12)


@pytest.mark.system("rs-sd", 1)
def test_generation_is_compared_with_an_untrained_denoiser(evaluate, fakes):
    settings = GenerationSettings(task="generation", name="made", untrained=8, splits=2)
    found = evaluate(settings)
    scores = found.scores
    assert scores["fd_fake_tower"].value < scores["fd_fake_tower"].baseline / 2
    assert scores["fd_fake_tower"].low < scores["fd_fake_tower"].value < scores["fd_fake_tower"].high
    assert "12 made against 12 real test scenes of the same size; baseline with 8" in scores["fd_fake_tower"].note
    assert scores["fd_judge"].value < scores["fd_judge"].baseline
    assert scores["kd_fake_tower"].value < scores["kd_fake_tower"].baseline
    assert scores["recognised"].value == 1
    assert scores["fit_difference"].low > 0
    assert scores["clip_score"].baseline < scores["clip_score"].value
    assert scores["is_judge"].value > scores["is_judge"].baseline
    assert found.predictions.column_names[0] == "id"
    assert found.exhibits[0].items[0].beside is not None


def test_made_images_travel_as_png():
    assert Image.open(io.BytesIO(png(Image.new("RGB", (3, 2))))).size == (3, 2)
