"""English small words, by what the checks of an answer use them for (`lexicon.yaml`)."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_STORED: dict[str, Any] = YAML(typ="safe", pure=True).load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))

UNITS: dict[str, int] = {word: value for value, word in enumerate(_STORED["units"])}
TENS: dict[str, int] = {word: 10 * value for value, word in enumerate(_STORED["tens"], 2)}
SCALES: dict[str, int] = _STORED["scales"]
NAMED: dict[str, int] = _STORED["named"]
ROUGHLY: dict[str, int] = _STORED["roughly"]
TAKES_OF = frozenset[str](_STORED["takes_of"])
DETERMINERS = frozenset[str](_STORED["determiners"])
MEASURES = frozenset[str](_STORED["measures"])
BEFORE_MEASURES = frozenset[str](_STORED["before_measures"])
BREAKS = frozenset[str](_STORED["breaks"])
CONNECTORS = frozenset[str](_STORED["connectors"])
ENGLISH = frozenset[str](_STORED["english"])
LANGUAGES = {name: frozenset[str](words) for name, words in _STORED["languages"].items()}
COMPASS = frozenset[str](_STORED["compass"])
