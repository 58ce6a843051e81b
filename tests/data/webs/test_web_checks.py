"""The checker of web pairs: every layout of the table, planted lies, and keywords found by its own rules."""

import copy
import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsvlm.data.builders import web_pairs
from rsvlm.data.checkers.rows import Rows
from rsvlm.data.checkers.web_pairs import names_remote_sensing
from tests.data.tinyraw import Made, make, noise, write_source
from tests.data.webs.towers import TOWERS, MeanColour, coloured

ROWS = [
    {"key": "0", "caption": "Aerial photo of green fields", "url": "http://a.b/0", "tags": ["sky", "sea"], "sure": [0.95, 0.92]},
    {"key": "1", "caption": "Satellite  imagery of Mars", "url": "http://a.b/1", "tags": ["a", "b"], "sure": [0.1, 0.3]},
    {"key": "2", "caption": "LANDSAT8 scene, caf\u00e9 by the sea", "url": "http://a.b/2", "tags": [], "sure": []},
    {"key": "3", "caption": "A red car", "url": "http://a.b/3", "tags": ["car"], "sure": [1.0]},
]


@pytest.fixture(autouse=True)
def _small_towers(monkeypatch: pytest.MonkeyPatch) -> None:
    small = MeanColour()
    monkeypatch.setattr(web_pairs, "similarity_of", lambda settings, work: small)


def table_of(layout: str, rows: list[dict[str, Any]]) -> bytes:
    if layout == "lines":
        return b"\n" + "".join(json.dumps(row) + "\r\n" for row in rows).encode()
    if layout == "parquet":
        stream = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), stream, row_group_size=2)
        return stream.getvalue()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows([{key: json.dumps(value) if isinstance(value, list) else value for key, value in row.items()} for row in rows])
    return text.getvalue().encode()


def built(raw: Path, layout: str = "lines", rows: list[dict[str, Any]] | None = None, **more: Any) -> Made:
    write_source(raw, "fields", {f"{number}.png": coloured(20, 120 + number, 20) for number in range(20)})
    write_source(raw, "photos", {f"{number}.png": coloured(120 + number, 20, 20) for number in range(20)})
    pictures = {f"images/{number}.png": noise(number, 24, 24) for number in range(4)}
    write_source(raw, "web", {**pictures, "table": table_of(layout, rows or ROWS)})
    examples = {"pictures": "*.png", "most": 20}
    rule = {
        "kind": "web-pairs",
        "source": "web",
        "prefix": "web",
        "file": "table",
        "layout": layout,
        "columns": {"picture": "key", "caption": "caption", "url": "url", "tags": "tags", "confidences": "sure"},
        "pictures": "images/{picture}.png",
        "validation_share": 0.0,
        "similarity": TOWERS,
        "detector": {"positives": [{"source": "fields", **examples}], "negatives": [{"source": "photos", **examples}]},
    }
    return make(raw, {**rule, **more})


@pytest.mark.system("rs5m", 2)
@pytest.mark.parametrize("layout", ["lines", "csv", "parquet"])
def test_true_records_of_every_layout_pass(tmp_path: Path, layout: str) -> None:
    made = built(tmp_path, layout)
    assert [record["captions"] for record in made.records] == [
        ["A picture tagged with sky and sea. Aerial photo of green fields"],
        ["A picture tagged with b. Satellite imagery of Mars"],
        ["LANDSAT8 scene, caf\u00e9 by the sea"],
    ]
    assert all(made.statements(record) for record in made.records)
    assert made.false() == []


@pytest.mark.system("rs5m", 2)
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda record: record.__setitem__("captions", [record["captions"][0].replace("green", "brown")]), "text"),
        (lambda record: record.__setitem__("captions", ["A picture tagged with sky. Aerial photo of green fields"]), "attribute"),
        (lambda record: record.__setitem__("captions", ["Aerial photo of green fields"]), "attribute"),
        (lambda record: record["facts"].__setitem__("url", "http://a.b/9"), "attribute"),
        (lambda record: record["facts"].__setitem__("row", "line 3"), "format"),
        (lambda record: record["facts"].__setitem__("row", "line 900"), "format"),
        (lambda record: record["origin"].__setitem__("picture", "images/2.png"), "format"),
    ],
)
def test_planted_lies_are_found(tmp_path: Path, change: Any, kind: str) -> None:
    made = built(tmp_path)
    record = copy.deepcopy(made.records[0])
    change(record)
    assert kind in [each.kind for each in made.statements(record) if not each.holds]


@pytest.mark.system("rs5m", 2)
def test_captions_of_another_picture_fail(tmp_path: Path) -> None:
    made = built(tmp_path)
    first, second, third = made.records
    for record, texts in ((first, second), (second, third), (third, first)):
        swapped = made.statements({**record, "captions": texts["captions"]})
        assert not any(each.holds for each in swapped)


@pytest.mark.system("rs5m", 2)
def test_a_caption_without_a_keyword_is_found(tmp_path: Path) -> None:
    """The builder kept it, since it was told to keep all; the recipe that is held against it wants keywords."""
    made = built(tmp_path, keywords=False)
    assert len(made.records) == 4
    assert made.false() == []
    (rule,) = made.evidence.settings[("web-pairs", "web")]
    strict = type(made.evidence)(made.evidence.raw, {("web-pairs", "web"): ({**rule, "keywords": True},)})
    assert [each.text for each in Made(made.records, made.rejected, strict).false()] == ["A picture tagged with car. A red car"]


def test_a_tokenisers_spacing_is_no_other_text(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "caption": "aerial photo of fields , and roads . .", "tags": [], "sure": []}]
    made = built(tmp_path, rows=rows, close_up=True)
    assert made.records[0]["captions"] == ["aerial photo of fields, and roads."]
    assert made.false() == []


@pytest.mark.system("rs5m", 2)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Aerial imagery of a port", True),
        ("An aerial-photograph", True),
        ("seen by Sentinel-2A", True),
        ("seen by Sentinel 2", True),
        ("Sentinel-22", False),
        ("Landsat8 at noon", True),
        ("Landsats", False),
        ("earth observing systems", True),
        ("my dearth observed", False),
        ("space-borne view", True),
        ("aerial yoga", False),
        ("a satellite dish", False),
        ("satellite", False),
        ("USGS map", True),
        ("MODISH dress", False),
        ("", False),
    ],
)
def test_keywords_stand_as_words(text: str, expected: bool) -> None:
    assert names_remote_sensing(text) is expected


def test_rows_are_found_in_any_order_and_read_on_where_possible() -> None:
    readings = []

    def read() -> Any:
        readings.append(1)
        yield from ((f"row {place}", place) for place in range(6))

    rows = Rows(read)
    assert [rows.at(f"row {place}") for place in (1, 1, 4, 5)] == [1, 1, 4, 5]
    assert sum(readings) == 1
    assert [rows.at(f"row {place}") for place in (0, 3, 2)] == [0, 3, 2]
    assert rows.at("row 9") is None
    assert rows.at("row 2") == 2
