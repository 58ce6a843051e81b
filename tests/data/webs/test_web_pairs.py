"""Web pairs and ranked captions with small stand-in towers whose features a reader can work out."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from rsvlm.captioning.settings import Subset
from rsvlm.chat.answers import Answers
from rsvlm.data import towers
from rsvlm.data.builders.ranked import build as build_ranked
from rsvlm.data.builders.web_pairs import build as build_web
from rsvlm.data.builders.web_pairs import prompts
from rsvlm.data.candidates import NearestCaptions, unique
from rsvlm.data.detector import Detector, crops
from rsvlm.data.epochs import epoch_caption
from rsvlm.data.kinds.ranked import NeighbourCandidates, Ranked
from rsvlm.data.kinds.web_pairs import Columns, DetectorSettings, Examples, WebPairs
from rsvlm.data.rotation import angles_of, turned
from rsvlm.data.webtables import WebRow, read_table
from rsvlm.data.work import Work
from rsvlm.errors import DataError
from rsvlm.recipes.load import load_recipe
from rsvlm.records.rejected import Rejected
from rsvlm.records.unfit import Unfit
from rsvlm.settings import validate
from rsvlm.sources import catalogue
from tests.data.tinyraw import png, write_source
from tests.data.webs.towers import RANKED, TOWERS, MeanColour, coloured


@pytest.fixture(autouse=True)
def _small_towers(monkeypatch: pytest.MonkeyPatch) -> None:
    small = MeanColour()
    for module in (
        towers,
        __import__("rsvlm.data.builders.ranked", fromlist=["x"]),
        __import__("rsvlm.data.builders.web_pairs", fromlist=["x"]),
    ):
        monkeypatch.setattr(module, "similarity_of", lambda settings, work: small)


def work_of(raw: Path, split: str = "train", rejected: Rejected | None = None) -> Work:
    return Work(raw, split, 7, 2000, Subset(), Rejected() if rejected is None else rejected, Answers(raw / "answers"))


@pytest.mark.system("rs5m", 2)
def test_the_33_prompts() -> None:
    found = prompts()
    assert len(found) == len(set(found)) == 33
    assert "a remote sensing image" in found
    assert "a jpeg corrupted satellite image" in found
    assert "a black and white aerial image" in found
    assert all("  " not in text for text in found)


COLUMNS = Columns(picture="key", caption="caption", url="url", tags="tags", confidences="sure")
ROW = {"key": "1.png", "caption": "Aerial photo of a red roof", "url": "http://a.b/1.png", "tags": ["sky", "sea"], "sure": [0.95, 0.2]}


def table_of(path: Path, layout: str, rows: list[dict[str, Any]]) -> Path:
    if layout == "lines":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif layout == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        stream = io.StringIO()
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows([{key: json.dumps(value) if isinstance(value, list) else value for key, value in row.items()} for row in rows])
        path.write_text(stream.getvalue())
    return path


@pytest.mark.parametrize("layout", ["lines", "csv", "parquet"])
def test_tables_of_every_layout_say_the_same(tmp_path: Path, layout: str) -> None:
    path = table_of(tmp_path / "table", layout, [ROW, {**ROW, "key": "2.png", "tags": ["a", "b"], "sure": [0.1, 0.3]}])
    rows = [row for _, row in read_table(path, layout, COLUMNS, tag_confidence=0.9, most_tags=3)]
    assert all(isinstance(row, WebRow) for row in rows)
    assert [(row.picture, row.caption, row.url, row.tags) for row in rows if isinstance(row, WebRow)] == [
        ("1.png", ROW["caption"], ROW["url"], ("sky",)),
        ("2.png", ROW["caption"], ROW["url"], ("b",)),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"key": None},
        {"key": 7},
        {"caption": None},
        {"caption": ["x", 1][1]},
        {"url": 3},
        {"tags": "x"},
        {"sure": [0.9]},
        {"sure": [0.9, float("nan")]},
    ],
)
def test_a_bad_row_is_set_aside_and_the_next_is_read(tmp_path: Path, change: dict) -> None:
    path = table_of(tmp_path / "table", "lines", [{**ROW, **change}, ROW])
    first, second = (row for _, row in read_table(path, "lines", COLUMNS, tag_confidence=0.9, most_tags=3))
    assert isinstance(first, Unfit)
    assert isinstance(second, WebRow)


@pytest.mark.parametrize("layout", ["csv", "parquet"])
def test_files_that_are_no_tables(tmp_path: Path, layout: str) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"\xff\xfe\x00key,caption\n")
    with pytest.raises(DataError):
        list(read_table(wrong, layout, COLUMNS, tag_confidence=0.9, most_tags=3))
    other = table_of(tmp_path / "other", layout, [{"picture": "a", "text": "b"}])
    with pytest.raises(DataError, match="has no column 'key'"):
        list(read_table(other, layout, COLUMNS, tag_confidence=0.9, most_tags=3))


def sources(raw: Path) -> None:
    """Green pictures are of remote sensing, red ones are not; the web table has both and a broken file."""
    write_source(raw, "fields", {f"{number}.png": coloured(20, 120 + number, 20) for number in range(20)})
    write_source(raw, "photos", {f"{number}.png": coloured(120 + number, 20, 20) for number in range(20)})
    captions = ["Aerial photo of green fields", "A red car", "Satellite  image of Mars", "LANDSAT8 scene"]
    rows = [{"key": f"{number}.png", "caption": captions[number % 4], "url": f"http://a.b/{number}"} for number in range(12)]
    files = {f"images/{number}.png": coloured(0 if number % 2 else 200, 200 if number % 2 else 0, 10 * number) for number in range(11)}
    table = "".join(json.dumps(row) + "\n" for row in rows).encode()
    write_source(raw, "web", {**files, "images/11.png": b"", "table.jsonl": table})


def web(**more) -> WebPairs:
    examples = {"pictures": "*.png", "most": 20}
    base = {
        "kind": "web-pairs",
        "source": "web",
        "prefix": "web",
        "file": "table.jsonl",
        "columns": {"picture": "key", "caption": "caption", "url": "url"},
        "pictures": "images/{picture}",
        "validation_share": 0.0,
        "similarity": TOWERS,
        "detector": {"positives": [{"source": "fields", **examples}], "negatives": [{"source": "photos", **examples}]},
    }
    return validate(WebPairs, {**base, **more}, "recipe")


@pytest.mark.system("rs5m", 2)
def test_rows_that_name_remote_sensing_are_scored(tmp_path: Path) -> None:
    sources(tmp_path)
    rejected = Rejected()
    samples = list(build_web(web(), work_of(tmp_path, rejected=rejected)))
    reasons = {entry.id: (entry.kind, entry.reason) for entry in rejected.entries()}
    assert len(samples) + len(reasons) == 12
    assert [sample.id for sample in samples] == [f"web-{number}" for number in (0, 2, 3, 4, 6, 7, 8, 10)]
    assert reasons["web-1"][0] == "screened"
    assert any("picture" in reason for kind, reason in reasons.values() if kind == "record")
    assert samples[0].fields["facts"] == {"row": "line 1", "url": "http://a.b/0"}
    green = [sample.fields["scores"]["detector"] for sample in samples if int(sample.id[4:]) % 2]
    red = [sample.fields["scores"]["detector"] for sample in samples if not int(sample.id[4:]) % 2]
    assert min(green) > 0.5 > max(red)
    assert set(samples[0].fields["scores"]) == {"prompts", "detector"}


def test_without_keywords_every_row_is_kept(tmp_path: Path) -> None:
    sources(tmp_path)
    assert len(list(build_web(web(keywords=False), work_of(tmp_path)))) == 11


def test_tags_come_before_the_caption(tmp_path: Path) -> None:
    sources(tmp_path)
    row = {"key": "1.png", "caption": "Aerial photo of fields", "tags": ["sky", "sea"], "sure": [0.95, 0.91]}
    write_source(tmp_path, "web", {"images/1.png": coloured(0, 200, 0), "table.jsonl": json.dumps(row).encode()})
    columns = {"picture": "key", "caption": "caption", "tags": "tags", "confidences": "sure"}
    (sample,) = build_web(web(columns=columns), work_of(tmp_path))
    assert sample.fields["captions"] == ["A picture tagged with sky and sea. Aerial photo of fields"]


def test_a_detector_that_learns_nothing_stops_the_stage(tmp_path: Path) -> None:
    write_source(tmp_path, "same", {f"{number}.png": coloured(number, number, number) for number in range(20)})
    examples = (Examples(source="same", pictures="*.png", most=20),)
    rule = DetectorSettings(positives=examples, negatives=examples)
    with pytest.raises(DataError, match=r"held-out pictures right; 90% are demanded"):
        Detector(rule, MeanColour(), tmp_path, 7)  # type: ignore[arg-type]


def test_parts_of_a_picture_are_square_and_inside() -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 90, 3), dtype=np.uint8))
    rule = Examples(source="x", pictures="*", most=1, crops=9, least_crop=0.5)
    first = crops(picture, rule, np.random.default_rng(1))
    again = crops(picture, rule, np.random.default_rng(1))
    assert len(first) == 9
    assert all(part.width == part.height and 20 <= part.width <= 40 for part in first)
    assert [part.tobytes() for part in first] == [part.tobytes() for part in again]


@pytest.mark.system("rs5m", 2)
def test_turning_by_30_degrees_is_filled_with_the_pictures_reflection() -> None:
    """Trap: rotation by 30 degrees needs a fill rule: no black corner appears, and the middle stays."""
    assert angles_of(12) == tuple(30.0 * step for step in range(1, 13))
    assert angles_of(4) == (90.0, 180.0, 270.0, 360.0)
    grey = Image.new("RGB", (31, 21), (90, 120, 150))
    for degrees in angles_of(12):
        found = turned(grey, degrees)
        assert found.size == grey.size
        assert np.asarray(found).reshape(-1, 3).tolist() == [[90, 120, 150]] * (31 * 21)
    marked = np.zeros((21, 21, 3), np.uint8)
    marked[2, 10] = 255
    around = np.asarray(turned(Image.fromarray(marked), 30.0)).sum(axis=2)
    row, column = np.unravel_index(around.argmax(), around.shape)
    assert (row, column) == (3, 6)  # 8 above the centre, turned by 30 degrees to the left: 8 sin 30 = 4 and 8 cos 30 = 6.9


def test_quarter_turns_lose_no_pixel() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(turned(Image.fromarray(pixels), 90.0)), np.rot90(pixels))
    assert np.array_equal(np.asarray(turned(Image.fromarray(pixels), 360.0)), pixels)
    wide = Image.fromarray(pixels[:8])
    assert turned(wide, 90.0).size == wide.size


def captioned(raw: Path) -> None:
    lines, files = [], {}
    for number, (colour, text) in enumerate(
        [((200, 10, 10), "red roofs ."), ((10, 200, 10), "green meadow ."), ((10, 10, 200), "blue lake .")]
    ):
        files[f"{number}.png"] = coloured(*colour)
        lines.append({"image": f"{number}.png", "label": None, "split": "train", "captions": [text, f"a {text}", text]})
    files["9.png"] = coloured(10, 190, 10)
    lines.append({"image": "9.png", "label": None, "split": "test", "captions": ["green secret ."]})
    files["pairs.jsonl"] = "".join(json.dumps(line) + "\n" for line in lines).encode()
    write_source(raw, "known", files)


def test_candidates_are_captions_of_the_nearest_training_pictures(tmp_path: Path) -> None:
    captioned(tmp_path)
    rule = NeighbourCandidates(kind="neighbours", source="known", pictures=10, neighbours=2, count=3)
    nearest = NearestCaptions(rule, MeanColour(), tmp_path, 7)  # type: ignore[arg-type]
    features = MeanColour().image_features([Image.new("RGB", (8, 8), (10, 180, 40))])
    assert nearest.captions(features, "other", "x.png")[:2] == ["Green meadow.", "A green meadow."]
    assert len(nearest.captions(features, "other", "x.png")) == 3
    assert nearest.captions(features, "known", "1.png")[0] != "Green meadow."


def test_candidates_stand_once_and_are_clean() -> None:
    assert unique(["A lake.", "a  lake.", "\x00", "", "A pond."], 5) == ["A lake.", "A pond."]
    assert unique(["A.", "B.", "C."], 2) == ["A.", "B."]


def ranked(**more) -> Ranked:
    return validate(Ranked, {**RANKED, "pictures": "9.png", **more}, "recipe")


@pytest.mark.system("rs5m", 2)
def test_two_models_choose_and_the_steadiest_caption_is_marked(tmp_path: Path) -> None:
    captioned(tmp_path)
    (sample,) = build_ranked(ranked(), work_of(tmp_path))
    fields = sample.fields
    assert set(fields["captions"]) == {"Green meadow.", "A green meadow."}
    facts = fields["facts"]
    assert {key: facts[key] for key in ("best", "invariant", "rotations", "fill")} == {
        "best": 0,
        "invariant": 0,
        "rotations": 4,
        "fill": "reflect",
    }
    assert len(facts["candidates"]) == 6
    assert [len(row) for row in facts["turned"]] == [4, 4]
    assert fields["method"] == "ranked"
    assert fields["scores"]["rotation-variance"] == pytest.approx(0.0, abs=1e-8)


@pytest.mark.system("rs5m", 2)
def test_the_rotation_invariant_caption_has_the_smallest_variance(tmp_path: Path) -> None:
    """A picture bright above: the caption that says so changes with every turn, the other does not."""
    lines = [{"image": "0.png", "label": None, "split": "train", "captions": ["green bright above .", "green ."]},
             {"image": "1.png", "label": None, "split": "train", "captions": ["red ."]}]  # fmt: skip
    pixels = np.zeros((24, 24, 3))
    pixels[:12, :, 1] = 250
    files = {"0.png": coloured(0, 99, 0), "1.png": coloured(99, 0, 0), "new.png": png(pixels)}
    write_source(tmp_path, "known", {**files, "pairs.jsonl": "".join(json.dumps(line) + "\n" for line in lines).encode()})
    (sample,) = build_ranked(ranked(pictures="new.png"), work_of(tmp_path))
    assert sample.fields["captions"][0] == "Green bright above."
    assert sample.fields["captions"][sample.fields["facts"]["invariant"]] == "Green."


@pytest.mark.system("rs5m", 2)
def test_a_sentence_from_metadata_goes_before_each_caption(tmp_path: Path) -> None:
    captioned(tmp_path)
    metadata = {"kind": "meta", "source": "known", "prefix": "r", "pictures": "9.png", "place": None, "place_name": "Oslo", "captions": 3}
    write_source(tmp_path, "known", {file.name: file.read_bytes() for file in (tmp_path / "known/files").iterdir()}, "QuickBird", 0.6)
    (sample,) = build_ranked(ranked(metadata=metadata), work_of(tmp_path))
    assert all(text.endswith((". Green meadow.", ". A green meadow.")) for text in sample.fields["captions"])
    assert all("0.6 metres" in text or "QuickBird" in text for text in sample.fields["captions"])


@pytest.mark.system("rs5m", 2)
def test_training_draws_the_best_or_the_invariant_caption() -> None:
    record = {"id": "a", "method": "ranked", "captions": ["one", "two", "three"], "facts": {"best": 0, "invariant": 2}}
    drawn = [epoch_caption(record, epoch, seed=7) for epoch in range(400)]
    assert set(drawn) == {"one", "three"}
    assert 150 < drawn.count("one") < 250
    assert drawn == [epoch_caption(record, epoch, seed=7) for epoch in range(400)]
    plain = {"id": "b", "method": "b2c", "captions": ["x", "y"]}
    assert {epoch_caption(plain, epoch, seed=7) for epoch in range(50)} == {"x", "y"}
    with pytest.raises(ValueError, match="no caption"):
        epoch_caption({"id": "c", "method": "b2c", "captions": []}, 0, seed=7)


@pytest.mark.system("rs5m", 2)
def test_the_full_profile_has_the_published_constants(root: Path) -> None:
    caption = load_recipe(root, "rs5m").sections["full"]["caption"]
    kinds = [builder.kind for builder in caption.builders]
    assert kinds.count("web-pairs") == 11
    assert kinds.count("ranked") == 3
    assert all(builder.keywords for builder in caption.builders if builder.kind == "web-pairs")
    drawn = next(builder for builder in caption.builders if builder.kind == "ranked")
    model = drawn.candidates.model
    assert (drawn.candidates.draws, model.top_k, model.top_p, model.most_new_tokens) == (20, 50, 0.95, 50)
    assert (drawn.keep_first, drawn.keep, drawn.rotations) == (10, 5, 12)
    assert [(cut.score, cut.keep) for cut in caption.quality.percentiles] == [("prompts", 0.9), ("detector", 0.8)]
    assert caption.quality.copies.prefer == ("laion2b-en", "laion400m", "coyo-700m")
    assert caption.quality.copies.last == ("laion-coco",)
    detector = caption.builders[0].detector
    assert [each.most for each in (*detector.positives, *detector.negatives)] == [2500, 2500, 5000]
    assert detector.shares == (0.7, 0.1, 0.2)


@pytest.mark.system("rs5m", 3)
def test_the_full_profile_names_its_sources(root: Path) -> None:
    sections = load_recipe(root, "rs5m").sections["full"]
    definitions = [catalogue.load(name).definition for name in sections["acquire"].sources]
    assert all(each.licence and each.parts[0].address for each in definitions)
    assert sections["caption"].published.images == 3_007_809 + 2_062_377


def test_a_detector_without_one_picture_is_a_clear_error(tmp_path: Path) -> None:
    write_source(tmp_path, "none", {"a.txt": b"x"})
    with pytest.raises(DataError, match="can be decoded"):
        Detector(
            DetectorSettings(
                positives=(Examples(source="none", pictures="*.png", most=1),), negatives=(Examples(source="none", pictures="*", most=1),)
            ),
            MeanColour(),  # type: ignore[arg-type]
            tmp_path,
            7,
        )
