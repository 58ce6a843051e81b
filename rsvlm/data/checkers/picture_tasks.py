"""Check tasks about whole pictures: class, captions and given questions are looked up in the set's own files once more."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from rsvlm.captioning.grammar import class_words
from rsvlm.data.checkers.given import answers_of, plain, same_answer
from rsvlm.data.checkers.turns import Asked, read_turns, rule_of
from rsvlm.data.evidence import Evidence, is_class_name
from rsvlm.data.statement import Statement, stated, unread

_TASKS = ("classification", "caption")
_PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
_CAPTION_KEYS = ("raw", "raw_1", "raw_2", "raw_3", "raw_4")


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    rule = rule_of(record, evidence)
    label, captions, classes = told_of(rule["listing"], record, evidence)
    names = rule["names"]
    words = names.get(label) or class_words(label) if label else None
    if record.get("label") != label:
        yield stated("attribute", f"label {record.get('label')}", False, f"the list has {label!r}")
    for text in record["captions"]:
        yield stated("text", text, plain(text) in captions, "no caption that the list has for this picture")
    for turn in read_turns(record, rule["style"], _TASKS):
        if isinstance(turn, Statement):
            yield turn
        elif turn.task == "classification":
            named = {names.get(one) or class_words(one) for one in classes}
            all_words = set(rule["candidates"]) or {one for one in named if is_class_name(one)}
            offered = [one.removeprefix("and ") for one in turn.words["list"].split(", ")]
            if sorted(offered) != sorted(all_words):
                yield stated("format", turn.text, False, f"the classes are {sorted(all_words)}")
            yield stated("attribute", turn.reply, turn.reply == words and words in offered, f"the class is {words!r}")
        elif turn.task == "caption":
            yield stated("text", turn.reply, plain(turn.reply) in captions, "no caption that the list has for this picture")
        elif rule["questions"] is None:
            yield unread(turn.text)
        else:
            yield from _given(turn, rule["questions"], record, evidence, label, words)


def _given(
    turn: Asked, rule: Mapping[str, Any], record: Mapping[str, Any], evidence: Evidence, label: str | None, words: str | None
) -> Iterator[Statement]:
    answers = answers_of(rule, str(record["source"]), record["origin"]["picture"], evidence).get(plain(turn.text))
    told = f"{turn.text} {turn.reply}"
    if answers is None:
        yield stated("text", told, False, "the set has no such question for this picture")
    elif "theme" in turn.text and label is not None:
        right = any(plain(rule["themes"].get(answer, answer)) == plain(label) for answer in answers) and turn.reply == words
        yield stated("attribute", told, right, f"the set has {answers}, the class is {label!r}")
    else:
        kind = "count" if re.match(r"(?i)how many|what is the number", turn.text) else "presence"
        yield stated("count" if kind == "count" else "presence", told, any(same_answer(one, turn.reply) for one in answers), str(answers))


def told_of(listing: Mapping[str, Any], record: Mapping[str, Any], evidence: Evidence) -> tuple[str | None, frozenset[str], frozenset[str]]:
    """Return (class, plain captions, all classes of the list) that a set has for a record's picture."""
    raw, picture = evidence.source(str(record["source"])), record["origin"]["picture"]
    if listing["layout"] == "folders":
        pattern = listing["label"]
        return _label_in(picture, pattern), frozenset(), _folder_labels(raw.folder / "files", listing["file"], pattern)
    if listing["layout"] in ("choice", "rsvqa"):
        return None, frozenset(), frozenset()
    entries = entries_of(raw.path(listing["file"]), listing["layout"], listing["path"])
    label, captions = entries.get(picture, (None, frozenset[str]()))
    return label, captions, frozenset(one for one, _ in entries.values() if one)


def _label_in(picture: str, pattern: str | None) -> str | None:
    match = re.search(pattern, picture) if pattern else None
    return match[1] if match else None


@cache
def _folder_labels(folder: Path, pattern: str, label: str | None) -> frozenset[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.glob(pattern) if path.suffix.lower() in _PICTURES)
    return frozenset(one for one in (_label_in(name, label) for name in found) if one)


@cache
def entries_of(path: Path, layout: str, place: str) -> Mapping[str, tuple[str | None, frozenset[str]]]:
    """Return picture path -> (class, plain captions) of a list."""
    found: dict[str, tuple[str | None, frozenset[str]]] = {}
    if layout == "lines":
        entries = [(line["image"], line.get("label"), line["captions"]) for line in _lines(path)]
    elif layout == "karpathy":
        images = json.loads(path.read_bytes())["images"]
        entries = [(one["filename"], None, [_sentence(each) for each in one["sentences"]]) for one in images]
    else:
        table = json.loads(path.read_bytes())
        entries = [
            (one["filename"], label, [one[key] for key in _CAPTION_KEYS if one.get(key)]) for label, group in table.items() for one in group
        ]
    for name, label, texts in entries:
        file = PurePosixPath(place.replace("{label}", label or "").replace("{name}", name)).as_posix()
        found[file] = (label, frozenset(plain(text) for text in texts if isinstance(text, str)))
    return found


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text("utf-8", errors="replace").split("\n"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(value, dict) or not isinstance(value.get("label"), str | None):
            continue
        if isinstance(value.get("image"), str) and isinstance(value.get("captions"), list):
            yield value


def _sentence(value: Any) -> str:
    return str(value.get("raw") or " ".join(value.get("tokens") or []))
