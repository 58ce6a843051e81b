"""GeoChat's construction on drawn scenes: attributes, relations, box text, and a checker that finds planted lies."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image, ImageDraw

from rsvlm.data.checkers.regions import boxes_in, match, read_phrase
from rsvlm.data.checkers.seen import Thing, cell_of
from rsvlm.data.checkers.sizes import percentile, size_limits
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.stage import make_corpus
from rsvlm.files import write_manifest
from rsvlm.settings import validate
from tests.data.tiny import Corpus, text

pytestmark = pytest.mark.system("geochat-instruct", 2)
BUILDER = {
    "kind": "regions", "format": "dota", "source": "made", "prefix": "tiny", "annotations": "labels/*.txt",
    "pictures": "pictures/{stem}.png", "absent": ["bridge"], "refer": 20, "identify": 20, "mixed_share": 1.0,
    "shares": {"validation": 0.0, "scenes": {"tiny-held": "test"}}, "attributes": {"sure": True},
}  # fmt: skip
BLUE, WHITE, RED = (20, 40, 120), (240, 240, 240), (200, 20, 20)


def scene(tmp_path, name: str, objects: list[tuple[str, tuple[int, int, int, int], tuple[int, int, int]]]) -> None:
    picture = Image.new("RGB", (200, 200), BLUE)
    lines = []
    for label, (x1, y1, x2, y2), colour in objects:
        ImageDraw.Draw(picture).rectangle((x1, y1, x2, y2), fill=colour)
        lines.append(f"{x1} {y1} {x2} {y1} {x2} {y2} {x1} {y2} {label} 0")
    (tmp_path / "made/files/pictures").mkdir(parents=True, exist_ok=True)
    picture.save(tmp_path / f"made/files/pictures/{name}.png")
    text(tmp_path / f"made/files/labels/{name}.txt", "\n".join(lines))


@pytest.fixture
def corpus(tmp_path) -> Corpus:
    """A harbor with two white ships beside it, a red one far away; one small and four middle ships for the percentiles."""
    harbor = ("harbor", (20, 20, 60, 180), (120, 120, 120))
    ships = [("ship", (62, 30, 92, 42), WHITE), ("ship", (62, 90, 92, 102), WHITE), ("ship", (150, 150, 180, 162), RED)]
    scene(tmp_path, "a", [harbor, *ships])
    scene(tmp_path, "b", [("ship", (20 + 40 * n, 20, 50 + 40 * n, 32), WHITE) for n in range(3)] + [("ship", (90, 90, 100, 96), RED)])
    scene(tmp_path, "held", [("ship", (20, 20, 180, 180), WHITE)])
    return Corpus(tmp_path, BUILDER)


def test_everything_that_is_said_holds(corpus: Corpus) -> None:
    assert {record["id"] for record in corpus.records} == {"tiny-a", "tiny-b", "tiny-held"}
    assert corpus.false() == []


def test_all_of_the_tasks_are_there(corpus: Corpus) -> None:
    tasks = {one["task"] for record in corpus.records for one in record["conversations"]}
    assert tasks == {"grounding", "refer", "identify", "presence", "counting", "attribute", "description", "mixed"}


def test_words_of_geochat(corpus: Corpus) -> None:
    assert corpus.talks("tiny-a", "grounding")[0][0] == "[grounding] Describe the image in detail."
    assert all(q.startswith("[refer] Give me the location of <p> ") for q, _ in corpus.talks("tiny-a", "refer"))
    assert all(q.startswith("[identify] What is the object present at {<") for q, _ in corpus.talks("tiny-a", "identify"))
    question, answer = corpus.talks("tiny-a", "counting")[0]
    assert question.endswith("\nAnswer the question using a single word or phrase.")
    assert answer in ("1", "3")


def test_one_phrase_for_several_objects_gives_several_boxes(corpus: Corpus) -> None:
    """Each phrase names all objects that have its attributes; their boxes are joined by the delimiter."""
    talks = dict(corpus.talks("tiny-a", "refer"))
    several = {question: reply for question, reply in talks.items() if reply.count("{") > 1}
    assert any("white ships" in question or "the harbor </p>" in question for question in several)
    assert all(reply.count("<delim>") == reply.count("{") - 1 for reply in talks.values())


def test_relations_are_told(corpus: Corpus) -> None:
    text = " ".join(reply for _, reply in corpus.talks("tiny-a", "identify"))
    assert "anchored at the harbor" in text or "parked at the harbor" in text


def test_sizes_are_percentiles_of_the_class_over_the_training_scenes(corpus: Corpus) -> None:
    """Seven training ships: six of 30 x 12 and one of 10 x 6; the large one of the test scene does not count."""
    limits = size_limits(corpus.evidence, 7)
    assert limits["ship"] == (360.0, 360.0)
    assert "mall" in " ".join(reply for _, reply in corpus.talks("tiny-b", "identify"))


def test_percentiles_by_hand() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 10.0]
    for share in (0, 20, 50, 80, 100):
        assert percentile(values, share) == pytest.approx(np.percentile(values, share))


def test_cells_of_the_grid() -> None:
    assert [cell_of(shapely.box(x - 1, y - 1, x + 1, y + 1), 90, 90) for x, y in ((45, 45), (10, 80), (45, 5), (30, 30))] == [
        "centre", "bottom left", "top", "centre",
    ]  # fmt: skip


def test_box_text_turns_clockwise_on_screen() -> None:
    """A box of 40 x 10 turned by 90 degrees stands upright; by 45 its long axis falls to the right."""
    (upright,) = boxes_in("{<30><45><70><55>|<90>}", 100, 100)
    assert upright.bounds == pytest.approx((45, 30, 55, 70))
    (turned,) = boxes_in("{<30><45><70><55>|<45>}", 100, 100)
    assert turned.contains(shapely.Point(62, 62))
    assert not turned.contains(shapely.Point(62, 38))


def test_a_box_that_is_moved_matches_nothing() -> None:
    thing = Thing("ship", shapely.box(30, 45, 70, 55), shapely.box(30, 45, 70, 55), "centre", bordering=False)
    assert match(boxes_in("{<30><45><70><55>|<0>}", 100, 100), [thing], 1.0) == [0]
    assert match(boxes_in("{<34><45><74><55>|<0>}", 100, 100), [thing], 1.0) is None
    assert match(boxes_in("{<30><45><70><55>|<0>}" * 2, 100, 100), [thing], 1.0) is None


def test_phrases() -> None:
    named = read_phrase("large white ships at the top left anchored at the harbor", ["ship", "harbor"])
    assert (named.noun, named.many, named.size, named.colour, named.place) == ("ship", True, "large", "white", "top left")
    assert named.relation == ("anchored at", "harbor")
    assert read_phrase("large vehicle", ["large vehicle"]).size is None
    assert read_phrase("shiny ship", ["ship"]) is None


LIES = [
    ("grounding", "3 ships", "4 ships", "count"),
    ("grounding", "a harbor", "a bridge", "presence"),
    ("presence", "yes", "no", "presence"),
    ("counting", "3", "4", "count"),
    ("attribute", "red", "green", "attribute"),
    ("description", "The harbor is at the left", "The harbor is at the right", "position"),
    ("description", "3 ships", "2 ships", "count"),
]


@pytest.mark.parametrize(("task", "old", "new", "kind"), LIES)
def test_planted_lies_are_found(corpus: Corpus, task: str, old: str, new: str, kind: str) -> None:
    """The class that is counted and the colour that is asked for are drawn, so the first words that fit are changed."""
    reply = corpus.talks("tiny-a", task)[0][1]
    if old not in reply:
        old, new = {"3": ("1", "2"), "red": ("white", "green")}[old]
    assert kind in {statement.kind for statement in corpus.with_turn("tiny-a", task, old, new)}


@pytest.mark.parametrize("what", ["box", "colour", "relation"])
def test_lies_in_a_phrase_are_found(corpus: Corpus, what: str) -> None:
    replies = [reply for _, reply in corpus.talks("tiny-a", "identify")]
    if what == "box":
        assert corpus.with_turn("tiny-a", "refer", "{<", "{<1", turn=1)
    elif what == "colour":
        colour = next(word for word in replies[0].split() if word in ("white", "red", "gray"))
        assert corpus.with_turn("tiny-a", "identify", colour, "green")
    else:
        assert corpus.with_turn("tiny-a", "refer", "<p> ", "<p> small ", turn=0)


def test_the_texts_of_another_picture_mostly_fail(corpus: Corpus) -> None:
    first, second = corpus.record("tiny-a"), corpus.record("tiny-b")
    statements = corpus.statements({**first, "conversations": second["conversations"]})
    geometry = [statement for statement in statements if statement.kind in ("geometry", "count", "relation", "position")]
    assert sum(statement.holds for statement in geometry) < len(geometry) / 4


def test_an_object_without_a_known_colour_forbids_colour_phrases(tmp_path) -> None:
    """One ship of two colours has none; `white ships` might mean it, so nobody says it."""
    scene(tmp_path, "a", [("ship", (40, 40, 70, 60), WHITE), ("ship", (120, 120, 150, 140), WHITE)])
    path = tmp_path / "made/files/pictures/a.png"
    picture = Image.open(path)
    ImageDraw.Draw(picture).rectangle((120, 120, 135, 140), fill=RED)
    picture.save(path)
    corpus = Corpus(tmp_path, {**BUILDER, "attributes": {"sure": True, "clear_share": 0.7}})
    assert not any("white" in question for question, _ in corpus.talks("tiny-a", "refer"))
    assert corpus.false() == []


def published(tmp_path: Path, name: str, *builders: dict) -> Path:
    """Make a corpus of the drawn scenes, as the stage does."""
    raw, output = tmp_path / "raw", tmp_path / name
    raw.mkdir()
    (tmp_path / "made").rename(raw / "made")
    write_manifest(raw, {})
    settings = validate(CorpusSettings, {"family": "data", "system": "tiny", "builders": list(builders)}, "recipe")
    places = {"scratch": tmp_path / f"{name}-scratch", "answers": tmp_path / "answers"}
    make_corpus(settings, raw, output, prefix="conversations", **places, seed=7, threads=1, rejected_share=0.5)
    return output


def test_limits_of_sizes_are_stored_with_the_corpus(corpus: Corpus, tmp_path: Path) -> None:
    """Trap: percentiles of training scenes only; whoever adds pictures later needs them. Seven ships: see above; one harbor is too few."""
    folder = published(tmp_path, "corpus", BUILDER)
    assert json.loads((folder / "size_limits.json").read_bytes()) == {"ship": {"large": 360.0, "small": 360.0}}
    assert "size_limits.json" in {entry["path"] for entry in json.loads((folder / "manifest.json").read_bytes())["files"]}


def test_corpora_without_sizes_have_no_limits(corpus: Corpus, tmp_path: Path) -> None:
    boxes = {key: BUILDER[key] for key in ("format", "source", "prefix", "annotations", "pictures", "shares")}
    folder = published(tmp_path, "corpus", {**boxes, "kind": "box-tasks", "style": "skyeyegpt", "known": {"nouns": ["ship"]}})
    assert not (folder / "size_limits.json").exists()
