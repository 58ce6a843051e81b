"""Five data sets made by rule: their smoke corpora say nothing false, and their full profiles name the published sources."""

from collections import Counter

import pytest

from rsvlm.recipes.load import load_recipe
from rsvlm.sources import catalogue

SYSTEMS = ("remoteclip-data", "dior-captions", "geochat-instruct", "mmship", "mmrs-1m")
# As printed in the survey's tables XII and XIII, with what the papers add.
PUBLISHED = {
    "remoteclip-data": (165_745, 828_725),
    "dior-captions": (None, 16_565),  # trap: neither figure follows from the other; that of images is printed nowhere
    "geochat-instruct": (141_246, 318_000),
    "mmship": (81_000, 81_000),
    "mmrs-1m": (1_005_842, 1_005_842),
}
SOURCES = {
    "remoteclip-data": {"rsicd", "rsitmd", "ucm-captions", "au-air", "carpk", "dior", "dota", "hrrsd", "hrsc2016", "levir-detection",
                        "rsod", "stanford-drone", "visdrone", "isaid", "loveda", "potsdam", "vaihingen"},
    "dior-captions": {"dior"},
    "geochat-instruct": {"dota", "dior", "fair1m", "floodnet", "nwpu-resisc45", "rsvqa-lr"},
    "mmship": {"dosr", "dota", "hrsid", "ssdd"},
    "mmrs-1m": {"ssdd", "hrsid", "air-sarship", "hit-uav", "iray-infrared", "dior-rsvg", "nwpu-captions", "eurosat", "fgscr-42"},
}  # fmt: skip


def marked(level: int) -> list:
    return [pytest.param(name, marks=pytest.mark.system(name, level)) for name in SYSTEMS]


@pytest.mark.recipe
@pytest.mark.parametrize("name", marked(2))
def test_no_false_statement(built, name: str) -> None:
    tally, shuffled = built(name).checked()
    assert tally.false == []
    assert tally.records > 15
    assert sum(tally.all.values()) > 100
    assert sum(shuffled.held.values()) < sum(shuffled.all.values())


@pytest.mark.parametrize("name", marked(3))
def test_the_full_profile(root, name: str) -> None:
    sections = load_recipe(root, name).sections["full"]
    corpus = sections.get("caption") or sections["instruct"]
    assert (corpus.published.images, corpus.published.texts) == PUBLISHED[name]
    assert corpus.published.note
    assert SOURCES[name] <= set(sections["acquire"].sources)
    for source in sections["acquire"].sources:
        definition = catalogue.load(source).definition
        assert definition.licence
        assert definition.terms
        assert all(str(address).startswith("http") for address in definition.homepage)
        assert definition.homepage
    read = {builder.source for builder in corpus.builders}
    assert read <= set(sections["acquire"].sources)


@pytest.mark.system("mmrs-1m", 2)
def test_the_parts_of_mmrs_add_up() -> None:
    assert sum((198_883, 141_264, 28_705, 575_350, 30_820, 30_820)) == PUBLISHED["mmrs-1m"][1]


@pytest.mark.system("remoteclip-data", 2)
def test_five_captions_an_image() -> None:
    images, texts = PUBLISHED["remoteclip-data"]
    assert texts == 5 * images


@pytest.mark.system("geochat-instruct", 2)
def test_the_images_of_geochat_add_up(root) -> None:
    assert sum((17_480, 23_463, 64_147, 600, 4_056, 31_500)) == PUBLISHED["geochat-instruct"][0]
    section = load_recipe(root, "geochat-instruct").sections["full"]["instruct"]
    assert {(rule.attributes.small, rule.attributes.large) for rule in section.builders if rule.kind == "regions"} == {(20.0, 80.0)}


@pytest.mark.recipe
@pytest.mark.system("mmship", 2)
def test_ships_of_both_box_types_and_no_scene_in_two_splits(built) -> None:
    records = built("mmship").records
    questions = [one["turns"][0]["text"] for record in records for one in record["conversations"]]
    assert all(sum(word in question for word in ("oriented", "horizontal")) == 1 for question in questions)
    assert min(Counter("oriented" in question for question in questions).values()) > 5
    assert max(Counter(scene for scene, _ in {(record["scene"], record["split"]) for record in records}).values()) == 1


@pytest.mark.recipe
@pytest.mark.system("mmrs-1m", 2)
def test_all_tasks_and_sensors_of_mmrs(built) -> None:
    records = built("mmrs-1m").records
    tasks = {one["task"] for record in records for one in record["conversations"]}
    assert tasks >= {"classification", "caption", "question", "refer", "identify", "detection", "mixed", "modality"}
    assert {record["sensor"] for record in records} >= {"optical", "SAR"}


@pytest.mark.recipe
@pytest.mark.system("remoteclip-data", 2)
def test_every_way_of_making_captions_is_there(built) -> None:
    records = built("remoteclip-data").records
    assert {record["builder"] for record in records} == {"native", "boxes", "masks", "footprints"}
    assert all(len(record["captions"]) == 5 for record in records)
