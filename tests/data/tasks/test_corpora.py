"""The three recipes: smoke corpora of real pictures without a false statement, and full profiles with their sources."""

from pathlib import Path

import pytest

from rsvlm.data.wording import wording
from rsvlm.recipes.load import load_recipe
from rsvlm.sources import catalogue

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("rs-instructions", "skyeye-968k", "multi-task-dataset")
TASKS = {
    "rs-instructions": {"caption", "question"},
    "skyeye-968k": {"caption", "question", "refer", "identify", "grounding", "presence", "counting", "mixed"},
    "multi-task-dataset": {"classification", "caption", "question", "refer", "identify", "presence", "counting"},
}
SOURCES = {
    "rs-instructions": {"ucm-captions", "uav-captions", "rsvqa-lr", "rsivqa"},
    "skyeye-968k": {
        "capera", "dior-rsvg", "nwpu-captions", "rsicd", "rsitmd", "rsivqa", "rsvqa-hr", "rsvqa-lr", "rsvg",
        "sydney-captions", "ucm-captions",
    },
    "multi-task-dataset": {
        "dior-rsvg", "fmow", "meter-ml", "nwpu-resisc45", "rsicd", "rsitmd", "rsvg", "rsvqa-hr", "rsvqa-lr", "ucm-captions",
    },
}  # fmt: skip
PUBLISHED = {"rs-instructions": 7_058, "skyeye-968k": 968_000, "multi-task-dataset": 42_322}


@pytest.mark.recipe
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.system(name, 2)) for name in NAMES])
def test_no_statement_of_the_smoke_corpus_is_false(name: str, built) -> None:
    corpus = built(name)
    tally, shuffled = corpus.checked()
    assert tally.false == []
    assert sum(tally.all.values()) > 200
    assert sum(shuffled.held.values()) < 0.6 * sum(shuffled.all.values())
    tasks = {talk["task"] for record in corpus.records for talk in record.get("conversations") or ()}
    assert tasks >= TASKS[name]
    for record in corpus.records:
        for talk in record.get("conversations") or ():
            questions = [turn["text"] for turn in talk["turns"][::2]]
            assert len(set(questions)) == len(questions)


@pytest.mark.recipe
@pytest.mark.system("rs-instructions", 2)
def test_rsivqa_on_the_two_pictures_of_dota_that_are_here(built) -> None:
    """RSIVQA counts 548 ships and 17 small vehicles where these annotations have 531 and 14: such questions are left out."""
    corpus = built("rs-instructions", "laptop")
    asked = {
        (record["id"], talk["turns"][place]["text"], talk["turns"][place + 1]["text"])
        for record in corpus.records
        if record["id"] in ("dota-p0706", "dota-p1888")
        for talk in record["conversations"]
        for place in range(0, len(talk["turns"]), 2)
        if "this picture" in talk["turns"][place]["text"]
    }
    assert ("dota-p0706", "Does this picture contain a harbor?", "yes") in asked
    assert ("dota-p1888", "Does this picture contain a plane?", "no") in asked
    assert not any(reply in ("548", "17", "108") for _, _, reply in asked)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.system(name, 3)) for name in NAMES])
def test_full_profiles_name_their_sources(name: str) -> None:
    sections = load_recipe(ROOT, name).sections["full"]
    sources = set(sections["acquire"].sources)
    assert SOURCES[name] <= sources
    for source in sources:
        definition = catalogue.load(source).definition
        assert definition.licence
        assert definition.homepage
        assert all(part.address for part in definition.parts)
    used = {builder.source for builder in sections["instruct"].builders}
    used |= {given.source for builder in sections["instruct"].builders if (given := getattr(builder, "questions", None)) and given.source}
    assert used <= sources
    assert sections["instruct"].published.texts == PUBLISHED[name]


@pytest.mark.system("skyeye-968k", 2)
@pytest.mark.system("multi-task-dataset", 2)
def test_identifiers_are_exactly_the_published_ones() -> None:
    """Trap: identifiers are training tokens, lower case and all."""
    styles = wording("task-pools")["styles"]
    assert set(styles["skyeyegpt"]["tags"].values()) == {"[caption]", "[vqa]", "[refer]", "[identify]", "[grounding]"}
    assert set(styles["lhrs-bot"]["tags"].values()) == {"[CLS]", "[VQA]", "[VG]", "[Identify]", "[CAP]"}
    assert styles["rs-instructions"]["tags"] == {}
    assert styles["skyeyegpt"]["pools"]["caption"][:2] == ["Briefly describe this image", "Provide a concise depiction of this image."]
