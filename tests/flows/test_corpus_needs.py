"""What a corpus would need, against sums by hand."""

import re
from pathlib import Path

import pytest

from flows.cli.plan import _print_corpus
from flows.corpus_needs import corpus_needs
from rsvlm.settings import validate
from rsvlm.sources.catalogue import load, names
from rsvlm.sources.settings import AcquireSettings
from tests.data.corpora import publish_corpus, sample, settings

PUBLISHED = {"images": 720_000, "texts": 1_440_000, "note": "Table I"}


def needs(root: Path, *sources: str, whole: bool = True, **more) -> dict:
    acquire = validate(AcquireSettings, {"family": "data", "system": "tiny", "sources": list(sources)}, "recipe")
    return corpus_needs(root, acquire, settings(**more), root / "data/pairs/tiny", 2, published_size=whole)


def test_sources_with_address_licence_and_size(tmp_path: Path) -> None:
    found = needs(tmp_path, "dior", "change")
    dior, change = found["sources"]
    assert dior["addresses"] == ["https://huggingface.co/datasets/torchgeo/dior/resolve/main/"]
    assert dior["licence"] == load("dior").definition.licence
    assert dior["images"] == 23463
    files = load("change").files
    assert files is not None
    assert change["bytes"] == sum(file.size for file in files)
    assert all(address.startswith("https://") for address in change["addresses"])
    assert found["sources_without_size"] == ([] if dior["bytes"] else ["dior"])
    assert dior["note"] == load("dior").definition.note != ""


def test_the_papers_size_counts_for_the_whole_corpus_only(tmp_path: Path) -> None:
    found = needs(tmp_path, "dior", published=PUBLISHED)
    assert (found["images"], found["texts"], found["images_are"]) == (720_000, 1_440_000, "the paper's")
    assert found["published"] == {**PUBLISHED, "whose": "the paper's"}
    part = needs(tmp_path, "dior", whole=False, published=PUBLISHED, subset={"train": 0.5})
    assert (part["images"], part["texts"]) == (round(23463 / 2), 2 * round(23463 / 2))
    without = needs(tmp_path, "dior")
    assert (without["images"], without["published"]) == (23463, None)


@pytest.mark.system("dior-captions", 3)
def test_images_that_the_paper_does_not_state_are_those_of_the_sources(tmp_path: Path) -> None:
    published = {"texts": 16_565, "note": "Table XII"}
    found = needs(tmp_path, "dior", published=published)
    assert (found["images"], found["texts"], found["images_are"]) == (23463, 16_565, "those of the sources, times the drawn share")
    assert found["published"] == {**published, "images": None, "whose": "the paper's"}
    part = needs(tmp_path, "dior", whole=False, published=published, subset={"train": 0.5})
    assert (part["images"], part["texts"]) == (round(23463 / 2), round(23463 / 2))


def test_hours_from_the_stated_rates(tmp_path: Path) -> None:
    found = needs(tmp_path, "dior", published=PUBLISHED)
    assert found["hours"]["pictures"] == 1.0  # 720,000 at 100 a second on each of two threads
    assert found["hours"]["checks"] == 2.0  # 1,440,000 texts at 200 a second
    assert found["hours"]["estimate"] is True
    assert found["rates"]["threads"] == 2
    assert "answers" not in found["hours"]


def test_shards_by_the_size_of_a_picture_that_was_measured(tmp_path: Path) -> None:
    assumed = needs(tmp_path, "dior", published=PUBLISHED)["disk"]
    assert assumed["shards"] == pytest.approx(720_000 * 448 * 448 * 0.65)
    assert assumed["assumption"].startswith("assumed: 448 x 448")
    shards = publish_corpus(tmp_path / "data/pairs/tiny", [sample("a", 1, ["one"]), sample("b", 2, ["two"])])
    mean = (len(shards.image(0)) + len(shards.image(1))) / 2
    measured = needs(tmp_path, "dior", published=PUBLISHED)["disk"]
    assert measured["shards"] == pytest.approx(720_000 * mean)
    assert measured["assumption"] == "mean of the 2 pictures in data/pairs/tiny"


def test_what_no_source_states_is_unknown_and_never_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = next(name for name in names() if not stated(name))
    found = needs(tmp_path, nothing, whole=False)
    assert (found["images"], found["texts"], found["sources_without_images"]) == (None, None, [nothing])
    assert (found["disk"]["sources"], found["disk"]["shards"]) == (None, None)
    assert found["hours"] == {"estimate": True, "transfer": None, "pictures": None, "checks": None, "total": None}
    _print_corpus(found)
    shown = dict(
        re.split(r"  +", line, maxsplit=1) for line in capsys.readouterr().out.splitlines() if re.match(r"(pictures|disk|hours)", line)
    )
    assert shown["pictures"].startswith(f"unknown: {nothing} (those of the sources")
    assert shown["pictures"].endswith(", texts unknown")
    assert shown["disk, shards"].startswith("unknown: ")
    assert shown["hours, estimated"].startswith("unknown (transfer unknown, pictures unknown, checks unknown)")


def test_a_part_that_is_known_is_told_with_what_it_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = next(name for name in names() if not stated(name))
    found = needs(tmp_path, "dior", nothing, whole=False)
    assert (found["images"], found["sources_without_images"]) == (23463, [nothing])
    _print_corpus(found)
    shown = capsys.readouterr().out
    assert f"23,463 and unknown: {nothing} (those of the sources, times the drawn share" in shown
    assert "images  " not in shown


def stated(name: str) -> bool:
    source = load(name)
    return bool(source.files is not None or source.definition.images or source.definition.size)
