"""Check dialogues made of captions, and given captions: the files are read once more, and each answer is looked up in them.

A number or colour must stand before its thing in a caption, and no caption may have another one there. Of a model's dialogue
every number, colour and thing of its answers must stand in the captions.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from rsvlm.captioning.grammar import indefinite, plural
from rsvlm.data.checkers.turns import rule_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.data.wording import wording

_CAPTION = {
    "Describe the image in one sentence.", "What does the image show?", "Give a short description of the image.",
    "Can you put that in other words?", "How else could one describe it?",
}  # fmt: skip
_CLASS = re.compile(r"What kind of place (?:is this|does the image show)\?")
_NUMBER = re.compile(r"How many (?P<thing>.+) (?:does the image show|can be seen)\?")
_COLOUR = re.compile(r"(?:What colour (?:is|are) the (?P<thing>.+)|Which colour (?:does|do) the (?P<other>.+) have)\?")
_RELATION = re.compile(r"What (?P<be>is|are) (?P<subject>.+) (?P<preposition>near|next to|beside|surrounded by|adjacent to|close to)\?")
_PURPOSE = re.compile(r"(?:What is such a place used for|Which purpose does this place serve), and .+\?")
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COLOURS = "white|black|gray|grey|red|green|blue|yellow|brown|orange|pink|purple|khaki|cyan"
_KEYS = ("raw", "raw_1", "raw_2", "raw_3", "raw_4")


def _plain(text: str) -> str:
    """Return a text in lower case without the spacing of a tokeniser and without final full stops."""
    return re.sub(r"[\s.]+$", "", re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.lower().split())))


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions and conversations."""
    rule = rule_of(record, evidence)
    path = evidence.source(str(record["source"])).path(rule["listing"]["file"])
    entries = _entries(path, rule["listing"]["layout"], rule["listing"]["path"])
    label, texts = entries.get(record["origin"]["picture"], (None, ()))
    yield stated("attribute", f"label {record.get('label')}", record.get("label") == label, f"the list has {label!r}")
    for caption in record["captions"]:
        yield stated("text", caption, _plain(caption) in texts, "no caption that the list has for this picture")
    for conversation in record["conversations"]:
        turns = [turn["text"] for turn in conversation["turns"]]
        questions = turns[::2]
        yield stated("format", conversation["id"], len(set(questions)) == len(questions), "a question is there twice")
        if conversation["task"] == "conversation":
            fewest, most = rule["turns"]
            yield stated("format", conversation["id"], fewest <= len(questions) <= most, f"{len(questions)} turns")
        for question, reply in zip(questions, turns[1::2], strict=True):
            if record["method"] == "model" and conversation["task"] == "conversation":
                yield from _loosely(reply, texts)
            else:
                yield from _one(question, reply, label, texts)


def _one(question: str, reply: str, label: str | None, texts: tuple[str, ...]) -> Iterator[Statement]:
    told, place = f"{question} {reply}", wording("places").get(label or "")
    said = _plain(reply)
    if question in _CAPTION:
        yield stated("text", told, said in texts, "no caption that the list has for this picture")
    elif _CLASS.fullmatch(question):
        yield stated("attribute", told, place is not None and reply == f"It is {indefinite(place['noun'])}.", f"class {label!r}")
    elif match := _NUMBER.fullmatch(question):
        yield stated("count", told, _numbers_before(match["thing"], texts) == {said}, str(_numbers_before(match["thing"], texts)))
    elif match := _COLOUR.fullmatch(question):
        thing = match["thing"] or match["other"]
        found = {colour for text in texts for colour in re.findall(rf"\b({_COLOURS}) {re.escape(thing)}\b", text)}
        yield stated("attribute", told, found == {said}, str(sorted(found)))
    elif match := _RELATION.fullmatch(question):
        statement = f"{match['subject']} {match['be']} {match['preposition']} {said}"
        yield stated("relation", told, statement in texts, "no caption says that")
    elif _PURPOSE.fullmatch(question):
        function, _, caption = reply.partition(" The image shows it: ")
        yield stated("attribute", told, place is not None and function == place["function"], f"class {label!r}")
        yield stated("text", caption, _plain(caption) in texts, "no caption that the list has for this picture")
    else:
        yield unread(question)


def _numbers_before(thing: str, texts: tuple[str, ...]) -> set[str]:
    """Return the number words that stand before a thing, with at most one word between; `many` and the like count as such."""
    pattern = rf"\b({'|'.join((*_NUMBERS, 'many', 'several', 'some', 'few'))}) (?:(?!and|of|in)[a-z]+ )?{re.escape(thing)}\b"
    return {number for text in texts for number in re.findall(pattern, text)}


def _loosely(reply: str, texts: tuple[str, ...]) -> Iterator[Statement]:
    words, every = re.findall(r"[a-z]+", reply.lower()), " ".join(texts)
    known = set(re.findall(r"[a-z]+", every))
    for word in words:
        if word in _NUMBERS:
            yield stated("count", f"{word}: {reply}", word in known, "no caption has this number")
        elif word in _COLOURS.split("|"):
            yield stated("attribute", f"{word}: {reply}", word in known, "no caption has this colour")
    lower = reply.lower()
    for thing in wording("caption-talks")["things"]:
        if re.search(rf"\b(?:{re.escape(thing)}|{re.escape(plural(thing))})\b", lower):
            there = re.search(rf"\b(?:{re.escape(thing)}|{re.escape(plural(thing))})\b", every)
            yield stated("presence", f"{thing}: {reply}", bool(there), "no caption has it")


@cache
def _entries(path: Path, layout: str, place: str) -> Mapping[str, tuple[str | None, tuple[str, ...]]]:
    """Return picture path -> (class, plain captions) of a list."""
    found: dict[str, tuple[str | None, tuple[str, ...]]] = {}
    for name, label, texts in _listed(path, layout):
        file = PurePosixPath(place.replace("{label}", label or "").replace("{name}", name)).as_posix()
        found[file] = (label, tuple(_plain(text) for text in texts if isinstance(text, str)))
    return found


def _value(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # set aside when the records were made
        return None


def _listed(path: Path, layout: str) -> Iterator[tuple[str, str | None, list[Any]]]:
    if layout == "lines":
        for line in path.read_text("utf-8", errors="replace").split("\n"):
            value = _value(line)
            if isinstance(value, dict) and isinstance(value.get("image"), str) and isinstance(value.get("captions"), list):
                yield value["image"], value.get("label"), value["captions"]
    elif layout == "karpathy":
        for one in json.loads(path.read_bytes())["images"]:
            yield one["filename"], None, [each.get("raw") or " ".join(each.get("tokens") or []) for each in one["sentences"]]
    elif layout == "nwpu":
        for label, group in json.loads(path.read_bytes()).items():
            for one in group:
                yield one["filename"], label, [one[key] for key in _KEYS if one.get(key)]
    else:
        for one in json.loads(path.read_bytes()):
            yield one["image"], None, [one["conversations"][1]["value"]]
