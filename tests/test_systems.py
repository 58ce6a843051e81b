"""The survey's list, and what docs/systems.* claim about it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from flows.levels import levels, reached
from rsvlm.recipes.load import check_recipe, recipe_files
from rsvlm.recipes.yaml import read_yaml
from tests import systems


def survey(root: Path) -> list[dict]:
    return read_yaml(root / "docs/survey.yaml")["systems"]


def test_the_list_is_the_surveys(root: Path) -> None:
    listed = survey(root)
    counts = Counter(system["table"] for system in listed)
    assert counts == {"I": 10, "III": 24, "IV": 12, "IX": 9, "XI": 7, "XII": 11, "XIII": 15, "XIV": 12, "II": 1}
    names = [system["name"] for system in listed]
    assert len(set(names)) == len(names) == 101


def test_recipes_stand_where_the_list_says(root: Path) -> None:
    listed = {system["name"]: system for system in survey(root)}
    for name, path in recipe_files(root).items():
        about = check_recipe(path).about
        if about.survey is None:  # of our own
            assert name not in listed
            continue
        system = listed[name]
        assert (about.family, about.survey.table, about.survey.reference) == (system["family"], system["table"], system["reference"])


def test_the_record_covers_the_list_and_the_page_shows_it(root: Path) -> None:
    stored = json.loads((root / "docs/systems.json").read_bytes())
    assert [{key: system[key] for key in ("name", "title", "family", "table", "reference")} for system in stored["systems"]] == survey(root)
    assert (root / "docs/systems.md").read_text() == systems.markdown(stored)


def test_marks_name_listed_systems(root: Path) -> None:
    with pytest.raises(ValueError, match="remotclip"):
        systems.record(survey(root), {"remotclip": {"2": ["t"]}}, [])


def test_a_recipe_of_our_own_is_proven_without_a_place_in_the_list(root: Path) -> None:
    stored = systems.record(survey(root), {"neon-crowns": {"1": ["t"]}}, ["neon-crowns"])
    assert "neon-crowns" not in {system["name"] for system in stored["systems"]}


def test_a_level_needs_those_below() -> None:
    assert [reached(proofs) for proofs in ({}, {"1": ["a"]}, {"2": ["a"]}, {"1": ["a"], "2": ["b"]}, {"1": ["a"], "3": ["b"]})] == [
        0,
        1,
        0,
        2,
        1,
    ]


def test_claims_and_proofs_are_compared() -> None:
    stored = {"systems": [{"name": "a", "proofs": {"1": ["kept", "lost", "not run here"]}}]}
    wrong, unlisted = systems.differences(stored, {"a": {"1": ["kept", "new"]}}, {"a": {"1": ["not run here"]}})
    assert wrong == ["a L1: lost is claimed, but did not pass"]
    assert unlisted == ["a L1: new passed, but is not listed"]


def test_levels_are_read_from_the_record(root: Path, tmp_path: Path) -> None:
    assert levels(tmp_path) == {}
    assert set(levels(root)) == {system["name"] for system in survey(root)}
