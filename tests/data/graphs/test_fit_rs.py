"""The recipe of FIT-RS: its smoke corpus on real images, and the published procedure over the published sources."""

from pathlib import Path

import pytest

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
    assert {noun for each in extra for noun in each.names.values()} == {"airplane", "ship", "boat"}
