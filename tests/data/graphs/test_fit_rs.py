"""The recipe of FIT-RS: its smoke corpus on real images, and the published procedure over the published sources."""

from pathlib import Path

import pytest

from rsvlm.captioning.scenes import nouns
from rsvlm.recipes.load import load_recipe
from rsvlm.sources.catalogue import load


@pytest.mark.recipe
def test_no_statement_of_the_smoke_corpus_is_false(built) -> None:
    corpus = built("fit-rs")
    tally, shuffled = corpus.checked()
    assert tally.false == []
    assert sum(tally.all.values()) > 500
    assert {"relation", "geometry", "count", "presence"} <= set(tally.all)
    assert sum(shuffled.held.values()) < 0.5 * sum(shuffled.all.values())


@pytest.mark.recipe
def test_relations_of_real_pictures(built) -> None:
    """Ships at a pier of the harbour picture are docked alongside each other; buses of the depot are parked so."""
    texts = " ".join(
        turn["text"] for record in built("fit-rs", "laptop").records for talk in record["conversations"] for turn in talk["turns"]
    )
    assert "<rel>docked alongside with</rel>" in texts
    assert "<rel>parked alongside with</rel>" in texts
    assert "the remaining objects are not listed" in texts


@pytest.mark.system("fit-rs", 3)
def test_the_full_profile_names_its_sources(root: Path) -> None:
    sections = load_recipe(root, "fit-rs").sections["full"]
    found = {name: load(name).definition for name in sections["acquire"].sources}
    assert {"star", "fit-rs"} <= set(found)
    assert all(each.licence and each.parts[0].address for each in found.values())
    assert found["fit-rs"].parts[0].address.repository == "ll-13/FIT-RS"
    assert found["star"].images == 1273
    published = sections["instruct"].published
    assert published.texts == 1_440_681 + 360_170


@pytest.mark.system("fit-rs", 2)
def test_the_full_profile_has_the_published_constants(root: Path) -> None:
    star, *extra = load_recipe(root, "fit-rs").sections["full"]["instruct"].builders
    assert (star.chips.size, star.chips.size - star.chips.stride, star.chips.visible_share) == (512, 100, 0.55)
    assert (star.rules.most_boxes, star.rules.absent, star.rules.skip_difficult, star.rules.least_side) == (20, 1, True, 2.0)
    assert (star.shares.test, star.shares.validation) == (0.2, 0.2)
    assert all(each.rules.tasks == ("detection",) for each in extra)
    assert all(each.rules.skip_difficult and not each.ignored for each in extra)


@pytest.mark.system("fit-rs", 2)
def test_the_tools_test_split_is_the_validation_set_of_dota(root: Path) -> None:
    _, train, test, fair = load_recipe(root, "fit-rs").sections["full"]["instruct"].builders
    shares = {each.annotations: (each.shares.test, each.shares.validation, each.shares.scenes) for each in (train, test, fair)}
    assert shares == {
        "train/annotations/version2.0/*.txt": (0.0, 0.0, {}),
        "val/annotations/version2.0/*.txt": (1.0, 0.0, {}),
        "labelXml/*.xml": (0.0, 0.0, {}),
    }


# The tool's three groups of FAIR1M's classes; every other class, and all of DOTA's, keep their names, `-` written as `_`.
MERGED = {
    "airplane": "A220 A321 A330 A350 ARJ21 Boeing737 Boeing747 Boeing777 Boeing787 C919 other-airplane",
    "ship": "Passenger_Ship Engineering_Ship Liquid_Cargo_Ship Dry_Cargo_Ship Warship other-ship",
    "boat": "Motorboat Fishing_Boat Tugboat",
}
OTHERS = (
    "Small_Car Bus Cargo_Truck Dump_Truck Van Trailer Tractor Excavator Truck_Tractor other-vehicle "
    "Baseball_Field Basketball_Court Football_Field Tennis_Court Roundabout Intersection Bridge"
)
DOTA = (
    "plane ship storage-tank baseball-diamond tennis-court basketball-court ground-track-field harbor bridge large-vehicle "
    "small-vehicle helicopter roundabout soccer-ball-field swimming-pool container-crane airport helipad"
)


@pytest.mark.system("fit-rs", 2)
def test_the_names_of_further_samples_are_the_tools(root: Path) -> None:
    _, *dota, fair = load_recipe(root, "fit-rs").sections["full"]["instruct"].builders
    expected = {name: noun for noun, names in MERGED.items() for name in names.split()}
    expected |= {name: name.replace("-", "_").lower() for name in OTHERS.split()}
    assert len(expected) == 37
    # The file has spaces where the copy that the tool reads has underscores.
    assert {name.replace(" ", "_"): noun for name, noun in fair.names.items()} == expected
    assert set(fair.known.nouns) == set(expected.values())
    for each in dota:
        assert nouns(each, set(DOTA.split())) == {name: name.replace("-", "_") for name in DOTA.split()}
        assert set(each.known.nouns) == {name.replace("-", "_") for name in DOTA.split()}
