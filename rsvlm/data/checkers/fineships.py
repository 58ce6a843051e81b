"""Check chains about fine classes of ships against the picture's folder and the table of features."""

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from ruamel.yaml import YAML

from rsvlm.captioning.grammar import class_words, indefinite
from rsvlm.data.checkers.whole import rule_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_HAS = re.compile(r"(?:It has|There is|There are) (.+)\.")
_GROUP = re.compile(r"Because of (.+) it is a (military|civilian) ship\.")
_CLASS = re.compile(r"Only an? (.+?) has (.+), so this is (an? .+)\.")
_CAPTION = re.compile(r"The image shows (an? .+?) with (.+)\.")
_FEATURE = re.compile(r"Does the ship in the image have (.+)\?")
_PARTS = {
    "What does its hull look like?": "hull",
    "What is on its deck?": "deck",
    "What does its superstructure look like?": "superstructure",
}


def _table() -> dict[str, Any]:
    text = resources.files("rsvlm.data.templates").joinpath("ship_features.yaml").read_text("utf-8")
    table: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return table


class _Facts:
    def __init__(self, record: Mapping[str, Any], evidence: Evidence) -> None:
        table, rule = _table(), rule_of(record, evidence)
        self.groups: dict[str, str] = table["groups"]
        self.rows: list[dict[str, Any]] = table["classes"]
        folder = PurePosixPath(record["origin"]["picture"]).parent.name
        words = class_words(rule["names"].get(folder, folder))
        named = (row for row in self.rows if words in (row["name"], row["number"].lower(), f"{row['number'].lower()} {row['name']}"))
        self.row = next(named)
        self.own = {self.row[part] for part in _PARTS.values() if part in self.row}
        self.is_ship = self.row["group"] is not None

    def owners(self, feature: str) -> list[str]:
        return [row["name"] for row in self.rows if feature in row.values()]


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's turns."""
    facts = _Facts(record, evidence)
    for conversation in record["conversations"]:
        turns = [turn["text"] for turn in conversation["turns"]]
        pairs = list(zip(turns[::2], turns[1::2], strict=True))
        if conversation["task"] == "reasoning":
            early = " ".join(text for pair in pairs[:-1] for text in pair)
            leaks = [row["name"] for row in facts.rows if row["name"] in early]
            length = 4 <= len(pairs) <= 6 if facts.is_ship else len(pairs) == 1
            ends = not facts.is_ship or pairs[-1][0] == "Which class of ship is it, then?"
            yield stated("format", f"a chain of {len(pairs)} turns", length and ends and not leaks, f"early turns name {leaks}")
        for question, reply in pairs:
            yield _turn(question, reply, facts)


def _turn(question: str, reply: str, facts: _Facts) -> Statement:
    told, row = f"{question} {reply}", facts.row
    if question == "Is there a ship in the image?":
        answers = ("yes", "Yes, there is a ship in the image.") if facts.is_ship else ("no", "No, there is no ship in the image.")
        return stated("presence", told, reply in answers, f"it is a {row['name']}")
    if question in _PARTS and (match := _HAS.fullmatch(reply)):
        return stated("attribute", told, row.get(_PARTS[question]) == match[1], f"a {row['name']} has {row.get(_PARTS[question])}")
    if question == "Is it a military or a civilian ship?" and (match := _GROUP.fullmatch(reply)):
        return stated("attribute", told, match[2] == row["group"] and match[1] == facts.groups[match[2]], f"it is {row['group']}")
    if question == "Which class of ship is it, then?" and (match := _CLASS.fullmatch(reply)):
        only = facts.owners(match[2]) == [row["name"]] == [match[1]] and match[3] == indefinite(row["name"])
        return stated("attribute", told, only, f"{match[2]} stands at {facts.owners(match[2])}; it is a {row['name']}")
    if question.startswith("Which class does the ship in the image belong to? Choose one of: "):
        listed = question.partition("Choose one of: ")[2].split(", ")
        return stated("attribute", told, reply == row["name"] and listed == [one["name"] for one in facts.rows], f"it is a {row['name']}")
    if question == "Describe the image in one sentence." and (match := _CAPTION.fullmatch(reply)):
        right = {f"{one} and {two}" for one in facts.own for two in facts.own if one != two}
        return stated("attribute", told, match[1] == indefinite(row["name"]) and match[2] in right, f"a {row['name']} has {facts.own}")
    if question == "Is the ship in the image a military or a civilian one?":
        return stated("attribute", told, reply == row["group"], f"it is {row['group']}")
    if match := _FEATURE.fullmatch(question):
        return stated(
            "attribute", told, facts.is_ship and reply == ("yes" if match[1] in facts.own else "no"), f"a {row['name']} has {facts.own}"
        )
    return unread(told)
