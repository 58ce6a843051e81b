"""The recipe of TEOChatlas: its smoke corpus on real images, and the published procedure over the published sources."""

from pathlib import Path

import pytest

from rsvlm.data.checking import statements_of
from rsvlm.recipes.load import load_recipe
from rsvlm.sources.catalogue import load
from tests.data.tinyraw import told


@pytest.mark.recipe
def test_no_statement_of_the_smoke_corpus_is_false(built) -> None:
    corpus = built("teochatlas")
    tally, shuffled = corpus.checked()
    assert tally.false == []
    assert sum(tally.all.values()) > 100
    assert shuffled.held["geometry"] < 0.2 * shuffled.all["geometry"]
    assert sum(shuffled.held.values()) < 0.5 * sum(shuffled.all.values())


@pytest.mark.recipe
def test_every_frame_belongs_to_a_sequence_that_names_it(built) -> None:
    records = {record["id"]: record for record in built("teochatlas", "laptop").records}
    mains = [record for record in records.values() if record.get("frames")]
    assert len(mains) > 40
    assert max(len(record["frames"]) for record in mains) == 5
    for record in mains:
        assert record["frames"][-1] == record["id"]
        assert all(records[name]["part_of"] == record["id"] for name in record["frames"][:-1])
        assert {records[name]["split"] for name in record["frames"]} == {record["split"]}


@pytest.mark.recipe
def test_of_sequences_without_answers_nothing_else_is_asked_than_the_files_say(built) -> None:
    corpus = built("teochatlas", "laptop")
    demo = [record for record in corpus.records if record["builder"] == "example-sequences" and record.get("frames")]
    asked = {talk["turns"][0]["text"].partition("<video>\n")[2] for record in demo for talk in record["conversations"]}
    assert asked == {
        "How many images does this input have? Answer with one number.",
        "Which data set are the images from?",
        "Which image is the last one of the sequence?",
        "Which satellites or sensors are the images from?",
        "Are the images of high or of low resolution? Answer with one word.",
    }
    (fabric,) = [record for record in demo if record["facts"]["dataset"] == "QFabric"]
    lie = told(fabric, "Image 5", "Image 4")
    assert any(not each.holds for each in statements_of(lie, corpus.evidence))


@pytest.mark.system("teochatlas", 3)
def test_the_full_profile_names_its_sources(root: Path) -> None:
    sections = load_recipe(root, "teochatlas").sections["full"]
    found = {name: load(name).definition for name in sections["acquire"].sources}
    assert {"fmow", "xbd", "s2looking", "qfabric", "geochat-instruct", "teochatlas"} <= set(found)
    assert all(each.licence and each.parts[0].address for each in found.values())
    assert found["teochatlas"].parts[0].address.repository == "jirvin16/TEOChatlas"
    assert (found["fmow"].images, found["xbd"].images, found["s2looking"].images, found["qfabric"].images) == (1047691, 22068, 10000, 2520)
    published = sections["instruct"].published
    assert published.texts == 245_210 + 308_861 == 554_071


@pytest.mark.system("teochatlas", 2)
def test_the_full_profile_has_the_published_constants(root: Path) -> None:
    builders = load_recipe(root, "teochatlas").sections["full"]["instruct"].builders
    kinds = {builder.kind: builder for builder in builders}
    assert {"place-sequences", "damage-sequences", "change-sequences", "development-sequences", "upright-boxes"} <= set(kinds)
    assert kinds["place-sequences"].most_images == 8
    assert list(kinds["damage-sequences"].labels.values()) == ["No damage", "Minor Damage", "Major Damage", "Destroyed"]
    assert [builder.images for builder in builders if builder.kind == "development-sequences"] == [5, 2]
    assert (len(kinds["development-sequences"].changes), len(kinds["development-sequences"].statuses)) == (6, 9)
