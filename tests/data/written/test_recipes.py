"""The recipes whose texts a model writes, or that stand in for such: smoke corpora on real images, and the published procedure."""

from pathlib import Path

import pytest

from rsvlm.data.told import prompt_named
from rsvlm.recipes.load import load_recipe
from rsvlm.sources.catalogue import load

NAMES = ("rsicap", "versad", "versad-instruct", "lhrs-instruct", "rs-gpt4v")


@pytest.mark.recipe
@pytest.mark.parametrize("name", NAMES)
def test_no_statement_of_the_smoke_corpus_is_false(built, name: str) -> None:
    corpus = built(name)
    tally, shuffled = corpus.checked()
    assert tally.false == []
    assert sum(tally.all.values()) > 50
    kinds = {"count", "position", "text"} & set(shuffled.all)
    assert sum(shuffled.held[kind] for kind in kinds) < 0.8 * sum(shuffled.all[kind] for kind in kinds)
    written = [record for record in corpus.records if record["method"] == "model"]
    assert all(record["generator"]["prompt_hash"] for record in written)


def published(root: Path, name: str):
    sections = load_recipe(root, name).sections["full"]
    found = {source: load(source).definition for source in sections["acquire"].sources}
    assert all(each.licence and each.homepage and each.parts[0].address for each in found.values())
    return found, (sections.get("caption") or sections["instruct"])


@pytest.mark.system("rsicap", 3)
def test_rsicap_full(root: Path) -> None:
    sources, section = published(root, "rsicap")
    assert {name: each.images for name, each in sources.items()} == {"rsicap": 2585}
    assert section.published.texts == 2585


@pytest.mark.system("versad", 3)
def test_versad_full(root: Path) -> None:
    sources, section = published(root, "versad")
    assert set(sources) == {"crowdai", "cvact", "cvusa", "fmow", "loveda", "million-aid"}
    assert section.published.texts == 1_400_000
    assert {(each.longest_side, each.writer.prompt) for each in section.builders} == {(512, "versad")}
    assert {each.least_side for each in section.builders} == {48}, "fMoW has crops of a few pixels"


@pytest.mark.system("versad-instruct", 3)
def test_versad_instruct_full(root: Path) -> None:
    sources, section = published(root, "versad-instruct")
    assert set(sources) == {"versad"}
    assert section.published.texts == 30_000
    assert [each.writer.otherwise for each in section.builders] == ["drop"]


@pytest.mark.system("lhrs-instruct", 3)
def test_lhrs_instruct_full(root: Path) -> None:
    sources, section = published(root, "lhrs-instruct")
    assert set(sources) == {"lhrs-data", "nwpu-captions", "rsitmd"}
    assert section.published.texts == 39_800
    assert {each.turns for each in section.builders} == {(2, 10)}


@pytest.mark.system("lhrs-instruct", 2)
def test_every_source_of_lhrs_instruct_has_a_prompt_of_its_own(root: Path) -> None:
    """Part 1 asks for four things in captions by people; part 2, on LHRS-Align, for a description, reasoning, location and count."""
    _, section = published(root, "lhrs-instruct")
    prompts = {each.source: prompt_named(each.writer.prompt) for each in section.builders}
    assert set(prompts) == {"lhrs-data", "nwpu-captions", "rsitmd"}
    assert len({prompt.hash for prompt in prompts.values()}) == 3
    for source in ("nwpu-captions", "rsitmd"):
        for words in ("object type", "action", "location", "relative position"):
            assert words in " ".join(prompts[source].system.split())
    for words in ("detailed description", "reasoning", "location", "count"):
        assert words in prompts["lhrs-data"].system


@pytest.mark.system("rs-gpt4v", 3)
def test_rs_gpt4v_full(root: Path) -> None:
    sources, section = published(root, "rs-gpt4v")
    expected = {
        "dior-rsvg",
        "floodnet",
        "nwpu-captions",
        "rsicd",
        "rsitmd",
        "rsivqa",
        "rsvqa-hr",
        "rsvqa-lr",
        "sydney-captions",
        "ucm-captions",
    }
    assert set(sources) == expected
    assert section.published.images == 91_937 + 15_999
    assert section.published.texts == 991_206 + 258_419


@pytest.mark.system("rs-gpt4v", 2)
def test_rsvqa_hr_does_not_outnumber_the_rest(root: Path) -> None:
    """A thousand questions an image would drown the other tasks: ten are drawn."""
    _, section = published(root, "rs-gpt4v")
    limits = [each.questions.most for each in section.builders if getattr(each, "questions", None)]
    assert limits
    assert max(limits) == 10
