"""LHRS-Align: pictures centred on features, lists of tags, a cap over the whole corpus, file stems, and planted lies."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rsvlm.data.builders import balanced_tags
from rsvlm.data.checkers.balanced_tags import check
from rsvlm.data.kinds.balanced_tags import KEYS, BalancedTags
from rsvlm.data.place_stems import Stem, read_stem, stem_of
from rsvlm.data.told import Subject, Written
from rsvlm.records.unfit import Unfit
from tests.data.maps.world import Thing, box, evidence_of, faults, line, make_world, reasons, record_of, reworded, settings, work_of


def build(raw: Path, things: list[Thing], **changed: Any) -> tuple[list[dict[str, Any]], Any, Any]:
    make_world(raw, things)
    base = {"country": "Gabon", "city": "Port-Gentil", "side": 96, "least": 64, "most": 128}
    builder = settings(BalancedTags, "balanced-tags", **{**base, **changed})
    work = work_of(raw, builder)
    return [record_of(sample) for sample in balanced_tags.build(builder, work)], evidence_of(raw, builder), work


THINGS = [
    box("way/1", 110, 110, 140, 140, natural="water", name="Blue"),
    box("way/2", 90, 110, 100, 125, building="yes"),
    box("way/3", 150, 110, 160, 125, building="yes"),
    line("way/4", (0, 150), (128, 150), highway="track"),
    line("way/5", (128, 150), (256, 150), highway="track"),
    box("way/6", 2, 2, 12, 12, natural="sand"),
    box("way/7", 0, 0, 256, 256, place="suburb"),
]


@pytest.mark.system("lhrs-align", 2)
def test_the_feature_is_in_the_middle(tmp_path: Path) -> None:
    records, evidence, work = build(tmp_path, THINGS)
    for record in records:
        x, y, width, height = record["origin"]["window"]
        feature = next(thing for thing in THINGS if thing.id == record["facts"]["element"])
        xs, ys = [point[0] for point in feature.points], [point[1] for point in feature.points]
        assert x + width / 2 == pytest.approx((min(xs) + max(xs)) / 2, abs=1)
        assert y + height / 2 == pytest.approx((min(ys) + max(ys)) / 2, abs=1)
        assert record["width"] == record["height"] == 96
    assert "feature lies too near the picture's edge" in reasons(work)
    assert {record["facts"]["element"] for record in records} == {"way/1", "way/2", "way/3", "way/4", "way/5"}
    assert [fault for record in records for fault in faults(check(record, evidence))] == []


@pytest.mark.system("lhrs-align", 2)
def test_lines_that_go_on_in_one_another_are_one(tmp_path: Path) -> None:
    """The map cuts a track in two where nobody sees it."""
    records, _, _ = build(tmp_path, THINGS)
    lake = next(record for record in records if record["id"].endswith("a1"))
    assert "a track" in lake["captions"][0]
    assert "buildings" in lake["captions"][0]
    assert lake["captions"][0].endswith("In the middle is a body of water.")
    assert ["building", "yes"] in lake["facts"]["tags"]
    assert len(lake["facts"]["tags"]) == len({tuple(tag) for tag in lake["facts"]["tags"]}), "tags of a picture do not repeat"


@pytest.mark.system("lhrs-align", 2)
def test_lists_of_keys_and_values(tmp_path: Path) -> None:
    assert {"aeroway", "building", "highway", "natural", "water"} <= set(KEYS)
    assert "name" not in KEYS
    things = [
        box("way/1", 110, 110, 140, 140, building="yes"),
        box("way/2", 100, 60, 130, 90, natural="yes"),
        box("way/3", 100, 150, 130, 180, natural="sand"),
        box("way/4", 60, 100, 90, 130, shop="supermarket"),
        box("way/5", 150, 100, 180, 130, natural="ASDA Superstore"),
        box("way/6", 120, 120, 150, 150, natural="wood"),
    ]
    records, _, _ = build(tmp_path, things, refused=["wood"])
    told = {tuple(tag) for record in records for tag in record["facts"]["tags"]}
    assert told == {("building", "yes"), ("natural", "sand")}


@pytest.mark.system("lhrs-align", 2)
def test_the_cap_holds_over_the_whole_corpus_before_anything_is_said(tmp_path: Path) -> None:
    many = [box(f"way/{number}", 40 + 12 * number, 120, 48 + 12 * number, 130, building="yes") for number in range(14)]
    lake = box("way/99", 60, 40, 200, 80, natural="water")
    free, _, _ = build(tmp_path / "free", [*many, lake])
    capped, _, work = build(tmp_path / "capped", [*many, lake], threshold=4)
    before = Counter(tuple(tag) for record in free for tag in record["facts"]["tags"])
    after = Counter(tuple(tag) for record in capped for tag in record["facts"]["tags"])
    assert before["building", "yes"] >= 12
    assert after["building", "yes"] < 0.7 * before["building", "yes"]
    assert "no tag is left after balancing" in reasons(work)
    assert all(("building" in " ".join(record["captions"])) == (["building", "yes"] in record["facts"]["tags"]) for record in capped)


@pytest.mark.system("lhrs-align", 2)
def test_a_model_is_asked_only_about_what_balancing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap: balancing after captioning would have the model write what is thrown away."""
    asked: list[Subject[Any]] = []

    def written(subjects: Iterable[Subject[Any]], *_: Any) -> Iterator[Written[Any]]:
        for subject in subjects:
            asked.append(subject)
            yield Written(subject, None, {"model": "m"})

    monkeypatch.setattr(balanced_tags, "written", written)
    many = [box(f"way/{number}", 40 + 12 * number, 120, 48 + 12 * number, 130, building="yes") for number in range(14)]
    lake = box("way/99", 60, 40, 200, 80, natural="water")
    writer = {"prompt": "tags", "chat": {"kind": "local", "source": "smollm2"}}
    records, _, work = build(tmp_path, [*many, lake], threshold=4, writer=writer)
    dropped = [entry.id for entry in work.rejected.entries() if entry.reason == "no tag is left after balancing"]
    assert dropped
    assert all(subject.asked for subject in asked)
    assert [subject.id for subject in asked] == [record["id"] for record in records]
    assert not {subject.id for subject in asked} & set(dropped)
    for subject, record in zip(asked, records, strict=True):
        assert subject.slots["tags"] == "; ".join(f"{key}={value}" for key, value in record["facts"]["tags"])


@pytest.mark.system("lhrs-align", 2)
def test_the_cap_counts_all_builders_and_splits_together(tmp_path: Path) -> None:
    stems = tuple(f"tile-{65536 + column}-65536-17" for column in range(8))
    corners = [(column, 256 * column + 48 + 40 * x, 48 + 40 * y) for column in range(8) for x in range(5) for y in range(5)]
    houses = [box(f"way/{number}", x, y, x + 10, y + 10, building="yes") for number, (_, x, y) in enumerate(corners)]
    make_world(tmp_path, houses, stems)
    base = {"country": "Gabon", "city": "Port-Gentil", "side": 64, "least": 64, "most": 64, "shares": {"test": 0.5, "validation": 0.0}}

    def built(threshold: int | None) -> Counter[tuple[str, str]]:
        """Records by prefix and split of a corpus of two builders."""
        pair = [settings(BalancedTags, "balanced-tags", **{**base, "prefix": prefix, "threshold": threshold}) for prefix in ("a", "b")]
        work = work_of(tmp_path, *pair)
        found: Counter[tuple[str, str]] = Counter()
        for split in ("test", "train"):
            for builder in pair:
                found[builder.prefix, split] = len(list(balanced_tags.build(builder, replace(work, split=split))))
        return found

    free, capped = built(None), built(60)
    assert min(free.values()) >= 25, "both splits of both builders have scenes"
    assert sum(free.values()) == 2 * 8 * 25
    # 60 are expected of 400, give or take 7; a count for each builder, or each split, would keep 120.
    assert 40 < sum(capped.values()) < 80
    assert min(capped.values()) > 0


@pytest.mark.system("lhrs-align", 2)
def test_the_checker_finds_planted_lies(tmp_path: Path) -> None:
    records, evidence, _ = build(tmp_path, THINGS)
    lake = next(record for record in records if record["id"].endswith("a1"))
    for lie in (
        "The image shows a building.", "The image shows tracks.", "The image shows a ship.", "In the middle is a building.",
        "The image shows bodies of water.", "It is a fine day.",
    ):  # fmt: skip
        assert faults(check(reworded(lake, lie), evidence)), lie
    told = {**reworded(lake, "A forest and a body of water."), "method": "model"}
    assert [fault.text for fault in faults(check(told, evidence))] == ["forest"]


@pytest.mark.system("lhrs-align", 2)
@pytest.mark.parametrize(
    "text",
    [
        "Gabon_12_Port-Gentil_8.771000_-0.711000_8.778000_-0.718000",
        "New Zealand_7_Te Awamutu_175.300000_-38.000000_175.310000_-38.010000",
        "Brazil_3_Sao_Jose_dos_Campos_-45.900000_-23.170000_-45.890000_-23.180000",
    ],
)
def test_stems_are_read_from_the_right(text: str) -> None:
    """Corners are negative in the south and west, and a city may hold spaces and underscores."""
    stem = read_stem(text)
    assert stem_of(stem) == text
    west, south, east, north = stem.bounds
    assert west < east
    assert south < north


def test_a_stems_parts() -> None:
    assert read_stem("A_1_B C_-10.5_20_-10.4_19.9") == Stem("A", "1", "B C", (-10.5, 19.9, -10.4, 20.0))


@pytest.mark.parametrize("text", ["", "A_1_B", "A_1_B_x_1_2_3", "A_1_B_1_nan_2_0", "A_1_B_200_1_201_0", "A_1_B_1_0_2_1", "_1_B_1_1_2_0"])
def test_what_is_no_stem(text: str) -> None:
    with pytest.raises(Unfit, match="stem is malformed"):
        read_stem(text)


def test_a_records_own_stem_names_its_corners(tmp_path: Path) -> None:
    records, _, _ = build(tmp_path, THINGS)
    stem = read_stem(records[0]["facts"]["name"])
    assert (stem.country, stem.city) == ("Gabon", "Port-Gentil")
    assert stem.bounds == pytest.approx(records[0]["bounds"], abs=1e-6)
