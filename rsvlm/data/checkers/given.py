"""Given questions, read again from the files of their set by the standard library alone, spelling and articles aside."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from rsvlm.captioning.grammar import plural
from rsvlm.data.evidence import Evidence

_ARTICLES = re.compile(r"\b(?:an?|the|this|that)\b")
_RANGE = re.compile(r"(?:between (\d+) and (\d+)|more than (\d+)|(\d+))")


def plain(text: str) -> str:
    """Return a text without articles, punctuation, capitals and spaces; `image` and `picture` are the same."""
    return re.sub(r"[\W_]+", "", _ARTICLES.sub(" ", text.lower().replace("a/an ", "")).replace("image", "picture"))


def answers_of(rule: Mapping[str, Any], source: str, picture: str, evidence: Evidence) -> dict[str, list[str]]:
    """Return plain question -> answers that the set has for a picture.

    Args:
        rule: the settings of the given questions.
        source: of the pictures.
        picture: its path in the source.
        evidence: the sources.
    """
    raw = evidence.source(rule["source"] or source)
    stem = PurePosixPath(picture).stem.lower()
    found: dict[str, list[str]] = {}
    if rule["layout"] == "rsvqa":
        for files in rule["splits"].values():
            table = _rsvqa(*(raw.path(files[key]) for key in ("images", "questions", "answers")), rule["picture"])
            _merge(found, table.get(stem, ()))
    for file in rule["files"]:
        if rule["layout"] == "crsvqa":
            for path in _by_stem(raw.folder / "files", file).get(stem, ()):
                _merge(found, _lines(path))
        elif rule["layout"] == "choice":
            _merge(found, _choice(raw.path(file)).get(picture, ()))
        else:
            table = _text(raw.path(file)) if rule["layout"] == "rsivqa" else _floodnet(raw.path(file))
            _merge(found, table.get(stem, ()))
    return found


def _merge(found: dict[str, list[str]], pairs: Any) -> None:
    for question, answer in pairs:
        found.setdefault(question, []).append(answer)


def same_answer(given: str, told: str) -> bool:
    """Say whether an answer is the given one, or the range that a given number lies in."""
    if plain(given) == plain(told):
        return True
    match = _RANGE.fullmatch(told)
    if match is None or not given.strip().isdigit():
        return False
    low, high, above, exact = (int(part) if part else None for part in match.groups())
    number = int(given)
    if low is not None and high is not None:
        return low <= number <= high and (low, high) in ((1, 10), (11, 100), (101, 1000))
    return number > above == 1000 if above is not None else number == exact


@cache
def _text(path: Path) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for line in path.read_text("utf-8", errors="replace").splitlines():
        match = re.fullmatch(r"\s*([^:]+):([^?]+)\?(.+)", line)
        if match:
            found.setdefault(PurePosixPath(match[1].strip()).stem.lower(), []).append((plain(match[2]), match[3].strip()))
    return found


@cache
def _floodnet(path: Path) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for entry in json.loads(path.read_bytes()).values():
        if isinstance(entry, dict) and isinstance(entry.get("Image_ID"), str) and isinstance(entry.get("Question"), str):
            pair = (plain(entry["Question"]), str(entry.get("Ground_Truth")))
            found.setdefault(PurePosixPath(entry["Image_ID"]).stem.lower(), []).append(pair)
    return found


@cache
def _by_stem(folder: Path, pattern: str) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob(pattern)):
        found.setdefault(path.stem.lower(), []).append(path)
    return found


@cache
def _lines(path: Path) -> tuple[tuple[str, str], ...]:
    lines = [line.strip() for line in path.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    return tuple((plain(re.split("[?\uff1f]", asked)[0]), answer) for asked, answer in zip(lines[0::2], lines[1::2], strict=False))


@cache
def _rsvqa(images: Path, questions: Path, answers: Path, picture: str) -> dict[str, list[tuple[str, str]]]:
    texts = {entry["id"]: entry.get("answer") for entry in _numbered(answers, "answers")}
    known = {entry["id"] for entry in _numbered(images, "images") if entry.get("active", True)}
    found: dict[str, list[tuple[str, str]]] = {}
    for entry in _numbered(questions, "questions"):
        ids, asked = entry.get("answers_ids"), entry.get("question")
        if not isinstance(ids, list) or not isinstance(asked, str) or not isinstance(entry.get("img_id"), int):
            continue  # set aside when the records were made
        if entry.get("active", True) and entry["img_id"] in known:
            stem = PurePosixPath(picture.replace("{id}", str(entry["img_id"]))).stem.lower()
            found.setdefault(stem, []).append((plain(asked), str(texts.get(ids[0] if ids and isinstance(ids[0], int) else None))))
    return found


def _numbered(path: Path, key: str) -> list[dict[str, Any]]:
    entries = json.loads(path.read_bytes())[key]
    return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), int)]


@cache
def _choice(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the presence and counting questions of a CHOICE file in our words, with the text of the right option."""
    found: dict[str, list[tuple[str, str]]] = {}
    for record in json.loads(path.read_bytes()):
        keys = ("question", "answer", "image_path")
        if not isinstance(record, dict) or not all(isinstance(record.get(key), str) for key in keys):
            continue  # set aside when the records were made
        first, *options = record["question"].split("\n")
        texts = dict(option.split(".", 1) for option in options if "." in option)
        answer = texts.get(record["answer"], "").strip().lower()
        if (match := re.search(r"(?:many|number of) (.+?) (?:are|can|in|present)\b", first)) and answer.isdigit():
            question = f"How many {plural(match[1].replace('_', ' ').replace('-', ' '))} are there in the image?"
        elif match := re.search(r"a/an (.+?)(?: present| in this|\?)", first):
            question = f"Is there {match[1].replace('_', ' ').replace('-', ' ')} in the image?"
        else:
            continue
        found.setdefault(record["image_path"], []).append((plain(question), answer))
    return found
