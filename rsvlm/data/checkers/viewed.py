"""Check texts of a model that sees the pictures: the classes and numbers that they name, against the boxes of the source.

Only where the recipe names an annotation that holds every object of some classes, or the path tells the class, is there
anything to hold a text against. Of other pictures no annotation says what they show, and their texts yield no statement;
neither do colours, places and relations, nor things that the annotation does not have.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from rsvlm.captioning.grammar import class_words, plural
from rsvlm.data.checkers.scene_names import names_of
from rsvlm.data.checkers.turns import rule_of
from rsvlm.data.evidence import Evidence, boxes_in_picture
from rsvlm.data.statement import Statement, stated
from rsvlm.records.raw import RawSource

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {word: value for value, word in enumerate(_SMALL.split())} | {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
_VALUES |= {"no": 0, "without": 0, "single": 1, "pair": 2, "couple": 2, "both": 2}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000}
_STOPS = re.compile(
    "and|or|but|nor|in|on|at|with|by|to|from|near|along|beside|between|over|under|of|is|are|was|were|be|has|have|the|an?|this|that|"
    "these|those|which|while|as|for|into|onto|m|km|feet|foot|ft|(?:kilo)?met(?:re|er)s?|pixels?|percent|degrees?"
)
_REACH = 3
_CLAUSE = re.compile(r"(?<!\d)[.,;:!?()]|[.,;:!?()](?!\d)")
_AFTER = re.compile(r"\s*(?:[:(=]|is|are)\s*(\d[\d,]*)\b(?! ?(?:square |m\b|km\b|ft\b|feet|foot|(?:kilo)?met|pixel|percent|%|degree|°))")


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions and replies; of requests only where they are not the recipe's."""
    rule = rule_of(record, evidence)
    texts = list(record["captions"])
    for conversation in record.get("conversations") or ():
        asked, *replies = [turn["text"] for turn in conversation["turns"]]
        texts += replies
        if asked != rule["request"]:
            yield stated("format", asked, False, "the recipe has no such request")
    if rule["label"] is not None:
        yield from _class(record, rule, texts, evidence)
    if rule["objects"] is not None:
        yield from _objects(record, rule, texts, evidence)


def _class(record: Mapping[str, Any], rule: Mapping[str, Any], texts: list[str], evidence: Evidence) -> Iterator[Statement]:
    """Yield, for each text that names classes of the set, whether the picture's own is among them."""
    classes = _classes(evidence.source(str(record["source"])), rule["pictures"], rule["label"])
    own = class_words(_group(rule["label"], record["origin"]["picture"]))
    if record["label"] != own:
        yield stated("attribute", f"class {record['label']}", False, f"the path has {own!r}")
    for text in texts:
        named = names_of(text, classes)
        if named:
            yield stated("presence", f"{', '.join(dict.fromkeys(named))}: {text}", own in named, f"the picture's class is {own!r}")


def _group(pattern: str, file: str) -> str:
    match = re.search(pattern, file)
    return match[1] if match else ""


@cache
def _classes(source: RawSource, pictures: str, pattern: str) -> frozenset[str]:
    return frozenset(class_words(_group(pattern, file)) for file in source.find(pictures)) - {""}


def _objects(record: Mapping[str, Any], rule: Mapping[str, Any], texts: list[str], evidence: Evidence) -> Iterator[Statement]:
    """Yield what texts say of annotated objects, where the source has the annotation of this picture."""
    origin = record["origin"]
    path = PurePosixPath(origin["picture"])
    named = {"{stem}": path.stem, "{folder}": str(path.parent), "{parent}": str(path.parent.parent)}
    expected = re.sub(r"\{(?:stem|folder|parent)\}", lambda match: named[match[0]], rule["objects"]["file"])
    annotation = str(PurePosixPath(expected))
    there = (evidence.source(str(record["source"])).folder / "files" / annotation).is_file()
    if origin.get("annotation") != (annotation if there else None):
        yield stated("format", f"annotation {origin.get('annotation')}", False, f"the recipe's is {annotation}")
    elif there:
        names = rule["objects"]["names"]
        counts = Counter(names[label] for label, _, _ in boxes_in_picture(record, evidence) if label in names)
        for text in texts:
            yield from _named(text, {noun: counts[noun] for noun in names.values()})


def _named(text: str, counts: Mapping[str, int]) -> Iterator[Statement]:
    """Yield what a text says of each class: that it is there or not, several, or how many."""
    forms = {form.lower(): noun for noun in counts for form in (plural(noun), noun)}
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(form) for form in sorted(forms, key=lambda form: (-len(form), form)))})(?!\w)")
    lower = text.lower()
    for match in pattern.finditer(lower):
        noun, count = forms[match[0]], counts[forms[match[0]]]
        said = text[max(0, match.start() - 40) : match.end() + 12]
        number = _number(lower[: match.start()], lower[match.end() :])
        if number is not None:
            yield stated("count", said, count == number, f"{noun}: {count}")
        else:
            least = 2 if match[0] != noun.lower() else 1
            yield stated("presence", said, count >= least, f"{noun}: {count}")


def _number(before: str, after: str) -> int | None:
    """Return the number that stands before a noun, with at most three words between, or behind it (`ships: 3`)."""
    words = re.findall(r"[^\W_]+(?:,\d{3})*", _CLAUSE.split(before)[-1])
    reach = len(words)
    while reach > max(0, len(words) - _REACH - 1) and not _is_number(words[reach - 1]):
        if _STOPS.fullmatch(words[reach - 1]):
            reach = 0
            break
        reach -= 1
    if reach and _is_number(words[reach - 1]):
        start = reach - 1
        while start and _is_number(words[start - 1]):
            start -= 1
        return _value(words[start:reach])
    match = _AFTER.match(after)
    return int(match[1].replace(",", "")) if match else None


def _is_number(word: str) -> bool:
    return word in _VALUES or word in _SCALES or bool(re.fullmatch(r"[0-9]+(?:,[0-9]{3})*", word))


def _value(words: list[str]) -> int:
    """Return the value of a number in words and digits: `two hundred five`, `2 dozen`, `1,200`."""
    whole, part = 0, 0
    for word in words:
        if word in _SCALES:
            part = max(part, 1) * _SCALES[word]
            if word == "thousand":
                whole, part = whole + part, 0
        else:
            part += _VALUES[word] if word in _VALUES else int(word.replace(",", ""))
    return whole + part
