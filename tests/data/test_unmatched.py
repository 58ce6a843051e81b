"""A scene or class of a recipe that its source does not have: refused, or told in one line."""

import logging
from pathlib import Path

import pytest

from rsvlm.data.unmatched import check_names
from rsvlm.errors import DataError
from rsvlm.records.shards import Shards
from tests.data.corpora import build, make_raw, settings


def builders(**more: object) -> list[dict[str, object]]:
    (builder,) = settings().model_dump(mode="json", exclude_unset=True)["builders"]
    return [{**builder, **more}]


def test_a_misspelt_scene_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        build(tmp_path, builders=builders(shares={"validation": 0.0, "scenes": {"tiny-larg": "test"}}))
    message = str(caught.value)
    assert message.startswith(
        "source 'made': shares.scenes: puts 'tiny-larg' into test, but there is no such scene; those of prefix 'tiny': "
    )
    assert message.endswith("(did you mean 'tiny-large'?)")
    assert not (tmp_path / "data/pairs").exists()


def test_a_scene_of_the_source_is_not(tmp_path: Path) -> None:
    shards = Shards(build(tmp_path, builders=builders(shares={"validation": 0.0, "scenes": {"tiny-p01": "test"}})))
    assert {shards.fields(row)["scene"] for row in shards.rows("test")} >= {"tiny-p01"}


def test_an_inherited_scene_of_another_prefix_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_raw(tmp_path)
    with caplog.at_level(logging.WARNING):
        check_names(settings(builders=builders(shares={"scenes": {"dota-p1888": "test"}})).builders, tmp_path)
    (line,) = caplog.messages
    assert line.startswith("source 'made': shares.scenes: puts 'dota-p1888' into test, but there is no such scene; ")


def test_a_misspelt_class_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_raw(tmp_path)
    with caplog.at_level(logging.WARNING):
        check_names(settings(builders=builders(names={"shipp": "boat", "harbor": "harbour"})).builders, tmp_path)
    (line,) = caplog.messages
    assert line == (
        "source 'made': names: no object has the class 'shipp', so these words are not used; "
        "classes there: harbor, ship (did you mean 'ship'?)"
    )


def test_classes_of_one_table_count_together_and_ignored_ones_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A set in several layouts has some of its classes in each."""
    make_raw(tmp_path)
    names = {"ship": "boat", "harbor": "harbour", "crane": "crane"}
    parts = [builders(names=names, annotations=f"labels/{part}*.txt", ignored=["crane"])[0] for part in ("P", "large")]
    with caplog.at_level(logging.WARNING):
        check_names(settings(builders=parts).builders, tmp_path)
    assert caplog.messages == []
