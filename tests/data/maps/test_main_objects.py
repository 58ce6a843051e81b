"""RSTeller's captions: the largest area before the longest line, sizes by hand, revisions that add nothing, and planted lies."""

import re
from pathlib import Path
from typing import Any

import pytest

from rsvlm.chat.exchange import Answer
from rsvlm.chat.prompts import load_prompt
from rsvlm.chat.tones import REVISION, keep_revisions
from rsvlm.chat.validate import rules_of
from rsvlm.data.builders import main_objects
from rsvlm.data.checkers.main_objects import check
from rsvlm.data.kinds.main_objects import MainObjects
from rsvlm.data.main_object_words import rounded
from rsvlm.data.map_words import vocabulary
from tests.data.maps.world import (
    PIXEL_METRES,
    Thing,
    box,
    evidence_of,
    faults,
    line,
    make_world,
    point,
    reasons,
    record_of,
    reworded,
    settings,
    work_of,
)

LOCAL = {"kind": "local", "source": "smollm2"}


def build(raw: Path, things: list[Thing], **changed: Any) -> tuple[list[dict[str, Any]], Any, Any]:
    make_world(raw, things)
    builder = settings(MainObjects, "map-main-object", **changed)
    work = work_of(raw, builder)
    return [record_of(sample) for sample in main_objects.build(builder, work)], evidence_of(raw, builder), work


LAKE = box("way/1", 16, 16, 80, 48, natural="water", name="Lagoa Azul", surface="gravel", building__levels="2")
ROAD = line("way/2", (0, 200), (256, 200), highway="track", lanes="1")


@pytest.mark.system("rsteller", 2)
def test_an_area_comes_before_a_line_and_the_largest_first(tmp_path: Path) -> None:
    records, evidence, _ = build(
        tmp_path, [ROAD, box("way/3", 100, 100, 130, 130, landuse="forest"), LAKE, point("node/4", 5, 5, natural="tree")]
    )
    (record,) = records
    area = 64 * 32 * PIXEL_METRES**2
    # The sphere that tiles are told on is larger than the ground from south to north, by 0.67 % at the equator.
    said = re.search(r"measures about ([\d,]+) square metres", record["captions"][0])
    assert said is not None
    assert int(said[1].replace(",", "")) == pytest.approx(area * 0.9933, rel=0.003)
    assert record["captions"][0].startswith(
        "A body of water, standing water such as a lake or a pond, covers 3% of the image, around its upper left."
    )
    assert "It has 2 levels." in record["captions"][0]
    assert record["captions"][0].endswith('It is named "Lagoa Azul".')
    assert record["facts"]["tasks"] == [1, 3, 3, 3]
    assert record["facts"]["element"] == "way/1"
    assert faults(check(record, evidence)) == []
    (fault,) = faults(check(reworded(record, record["captions"][0].replace(" It measures", " Its visible part measures")), evidence))
    assert fault.why == "all of it shows"


@pytest.mark.system("rsteller", 2)
def test_a_line_where_no_area_is_large_enough(tmp_path: Path) -> None:
    small = box("way/3", 100, 100, 112, 112, building="yes")
    records, evidence, _ = build(tmp_path, [ROAD, small, line("way/5", (10, 10), (10, 100), highway="path")])
    (record,) = records
    assert record["facts"]["tasks"][0] == 2
    assert record["captions"][0] == (
        "A track, a rough way for farm or forest vehicles, runs from the lower left to the lower right of the image. "
        "It is about 306 metres long within the image and runs east-west. It is nearly straight. It has 1 lane."
    )
    assert round(256 * PIXEL_METRES) == 306
    assert faults(check(record, evidence)) == []


@pytest.mark.system("rsteller", 2)
def test_an_element_that_encloses_the_picture_covers_all_of_it(tmp_path: Path) -> None:
    """The second step of the query: elements with no edge in the patch, which enclose it."""
    forest = box("way/9", -700, -300, 900, 1200, landuse="forest")
    (record,), evidence, _ = build(tmp_path, [ROAD, LAKE, forest])
    base = record["captions"][0]
    assert record["facts"]["element"] == "way/9"
    assert record["facts"]["tasks"][0] == 1
    assert re.match(r"A forest,? .*covers all of the image\. Its visible part measures about [\d,]+ square metres\.", base)
    said = re.search(r"measures about ([\d,]+) square metres", base)
    assert said is not None
    # Clipped to the patch: 256 pixels a side, not the 1,600 x 1,500 of the forest.
    assert int(said[1].replace(",", "")) == pytest.approx((256 * PIXEL_METRES) ** 2 * 0.9933, rel=0.003)
    assert faults(check(record, evidence)) == []
    assert faults(check(reworded(record, base.replace("all of the image", "40% of the image, around its centre")), evidence))
    (fault,) = faults(check(reworded(record, base.replace("Its visible part", "It")), evidence))
    assert fault.why == "a part of it shows"


@pytest.mark.system("rsteller", 2)
@pytest.mark.parametrize(("beyond", "subject"), [(0, "It"), (0.15, "It"), (1, "Its visible part"), (5, "Its visible part")])
def test_a_thousandth_beyond_the_edge_is_no_part(tmp_path: Path, beyond: float, subject: str) -> None:
    """A square of 200 pixels a side that lies so many pixels beyond the picture: 0.075 %, 0.5 % and 2.5 % of it."""
    (record,), evidence, _ = build(tmp_path, [box("way/1", -beyond, 20, 200 - beyond, 220, natural="water")])
    assert f". {subject} measures about" in record["captions"][0]
    assert faults(check(record, evidence)) == []


@pytest.mark.system("rsteller", 2)
def test_every_picture_has_one_base_caption_and_one_to_four_revisions(tmp_path: Path) -> None:
    for number, tones in enumerate((["formal"], ["formal", "casual", "brief"])):
        (record,), _, _ = build(tmp_path / str(number), [LAKE], rule_tones=tones)
        assert record["facts"]["tasks"] == [1, *[3] * len(tones)]
        assert 2 <= len(record["captions"]) <= 5
    records, _, work = build(tmp_path / "none", [LAKE], rule_tones=[])
    assert records == []
    assert "caption has no revision" in reasons(work)


@pytest.mark.system("rsteller", 2)
def test_revisions_by_rule_add_nothing_to_their_base(tmp_path: Path) -> None:
    for number, things in enumerate(([LAKE], [ROAD])):
        (record,), _, _ = build(tmp_path / str(number), things)
        base, *revisions = record["captions"]
        rules = rules_of(load_prompt(REVISION))
        # The picture is called an image in all of them; nothing else is looked for.
        kept, refused = keep_revisions(base, revisions, vocabulary(), rules)
        assert refused == []
        assert kept == revisions


@pytest.mark.system("rsteller", 2)
def test_names_can_be_left_out(tmp_path: Path) -> None:
    (record,), _, _ = build(tmp_path, [LAKE], names=False)
    assert "Lagoa" not in " ".join(record["captions"])
    assert record["facts"]["tags"]["name"] == "Lagoa Azul"


@pytest.mark.parametrize("name", ["上海外滩", "Lago d'Orta", "St. Mary's Pond", "بحيرة ناصر"])
def test_names_in_any_script_are_said_and_checked(tmp_path: Path, name: str) -> None:
    (record,), evidence, _ = build(tmp_path, [box("way/1", 16, 16, 80, 80, natural="water", name=name)])
    assert record["captions"][0].endswith(f'It is named "{name}".')
    assert faults(check(record, evidence)) == []


@pytest.mark.parametrize("name", ['The "Best" Lake', "http://spam.example", "x" * 61, "a\u202eb", "\x1b[31mred"])
def test_hostile_names_are_not_said(tmp_path: Path, name: str) -> None:
    records, _, work = build(tmp_path, [box("way/1", 16, 16, 80, 80, natural="water", name=name)])
    assert all("named" not in record["captions"][0] for record in records)
    assert records or "tag is unusable" in reasons(work)


def test_a_picture_without_anything_large_is_left_out_with_its_reason(tmp_path: Path) -> None:
    records, _, work = build(tmp_path, [point("node/1", 5, 5, natural="tree"), box("way/2", 0, 0, 256, 256, boundary="protected_area")])
    assert records == []
    assert reasons(work) == {"no element of the map is large enough"}


@pytest.mark.system("rsteller", 2)
def test_the_checker_finds_planted_lies(tmp_path: Path) -> None:
    (lake,), evidence, _ = build(tmp_path / "lake", [LAKE])
    base = lake["captions"][0]
    for old, new in (
        ("body of water", "beach"), ("3%", "4%"), ("upper left", "lower left"), ("levels", "lanes"), ("2 levels", "3 levels"),
        ("Lagoa", "Lagos"), ("It measures about 2,", "It measures about 3,"), (" It has", " It is long and narrow. It has"),
        ("It has", "It sinks. It has"),
    ):  # fmt: skip
        assert old in base
        assert faults(check(reworded(lake, base.replace(old, new)), evidence)), (old, new)
    (road,), evidence, _ = build(tmp_path / "road", [ROAD])
    base = road["captions"][0]
    for old, new in (
        ("306", "310"), ("east-west", "north-south"), ("lower left", "upper left"), ("is nearly straight", "winds"), ("1 lane", "2 lanes"),
        ("A track", "A path"), ("runs from the lower left to the lower right of the image", "passes through the image in several pieces"),
    ):  # fmt: skip
        assert old in base
        assert faults(check(reworded(road, base.replace(old, new)), evidence)), (old, new)
    assert faults(check(reworded(road, base), evidence_of(tmp_path / "road", settings(MainObjects, "map-main-object", least_length=1.5))))


def test_a_models_revision_is_kept_only_if_it_adds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [
        "The image shows a body of water.",
        "The image shows two ships on a body of water.",
        "Covering 3% of the image, a beautiful body of water shines.",
        "A body of water covers 7% of the image.",
    ]

    def answered(items: Any, model: Any, work: Any) -> Any:
        for item, requests in items:
            yield item, [Answer(text, True, 1, 1) for text in said[: len(requests)]]

    monkeypatch.setattr(main_objects, "asked", answered)
    monkeypatch.setattr(main_objects, "identity_of", lambda *_: {"sha256": "0" * 64})
    (record,), evidence, work = build(tmp_path, [LAKE], tones={"chat": LOCAL, "fewest_words": 3})
    assert record["captions"][1] == said[0]
    assert len(record["captions"]) == 5
    assert not {said[1], said[2], said[3]} & set(record["captions"])
    assert record["facts"]["by_model"] == [1]
    assert record["generator"]["revision_model"] == "smollm2"
    assert {reason for reason in reasons(work) if reason.startswith("revision: ")}
    assert faults(check(record, evidence)) == []
    lied = [*record["captions"]]
    lied[1] = "The image shows a forest of 300 square metres."
    assert len(faults(check({**record, "captions": lied}, evidence))) == 2


@pytest.mark.parametrize(
    ("value", "text"), [(0.4, "0"), (9.5, "10"), (212.7, "213"), (1234.0, "1,230"), (12_345.0, "12,300"), (999.6, "1,000")]
)
def test_sizes_are_said_to_three_digits(value: float, text: str) -> None:
    assert rounded(value) == text
