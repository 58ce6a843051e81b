"""The tables of English nouns that travel with the package."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML


@dataclass(frozen=True)
class Nouns:
    """The tables of `nouns.yaml`, which says what each of them is."""

    names: Mapping[str, str]
    uncountable: frozenset[str]
    uncountable_names: frozenset[str]
    plural_names: frozenset[str]
    plurals: Mapping[str, str]
    irregular: Mapping[str, str]
    plural_words: frozenset[str]
    singular_in_s: frozenset[str]


@cache
def nouns() -> Nouns:
    """Return the tables."""
    text = resources.files("rsvlm.captioning").joinpath("nouns.yaml").read_text("utf-8")
    table: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    fields: dict[str, Any] = {key: value if isinstance(value, dict) else frozenset(value) for key, value in table.items()}
    return Nouns(**fields)
