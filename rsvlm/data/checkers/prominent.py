"""Check captions of prominent or abundant objects: both languages are read into the same facts, and those held against boxes.

Numerals of either language are read here by their own rules, from text to number, where the builder goes the other way.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from rsvlm.captioning import chinese
from rsvlm.captioning.grammar import article, class_words, plural
from rsvlm.data.evidence import Evidence, boxes_in_window
from rsvlm.data.statement import Statement, stated
from rsvlm.records.unfit import Unfit

_ROWS, _COLUMNS = ("top", "", "bottom"), ("left", "", "right")
_WHERE = r"(?:at|in) the (?P<place>(?:top|bottom)(?: left| right)?|left|right|centre)"
_ENGLISH = (
    rf"(?:There (?:is|are) )?(?P<first>.+?)(?: can be seen)?, (?P<form>all|most|some) of them {_WHERE}\.",
    r"(?:There (?:is|are) )?(?P<first>.+?)(?: can be seen)? in (?P<form>different parts) of (?:this aerial|the) picture\.",
    r"(?:There (?:is|are) )?(?P<first>.+?) and (?P<second>.+?)(?: can be seen)? in this aerial picture\.",
    rf"(?P<first>.+?) {_WHERE} is the (?P<form>most prominent) object in the picture\.",
    rf"The (?P<form>most prominent) object in the picture is (?P<first>.+?) {_WHERE}\.",
    rf"There is (?P<first>.+?) {_WHERE} of the picture, and (?P<second>.+?) (?P<form>besides)\.",
    rf"(?P<first>.+?) {_WHERE} and (?P<second>.+?) (?P<form>besides) can be seen in the picture\.",
)
_ZH_PLACE = "(?P<place>左上角|上方|右上角|左侧|中央|右侧|左下角|下方|右下角)"
_CHINESE = (
    rf"图像{_ZH_PLACE}有(?P<first>.+)，(?P<form>此外)还有(?P<second>.+)",
    rf"图像{_ZH_PLACE}可以看到(?P<first>.+)，(?P<form>另外)还有(?P<second>.+)",
    rf"图像{_ZH_PLACE}的(?P<first>.+)(?P<form>最为显眼)",
    rf"图像中(?P<form>最显眼)的是{_ZH_PLACE}的(?P<first>.+)",
    rf"图像{_ZH_PLACE}(?:有|可以看到)(?P<first>.+)",
    rf"图像中(?:有|可以看到)(?P<first>.+)，(?:其中)?(?P<form>大多位于|大部分在|有的位于|有些在){_ZH_PLACE}",
    r"图像中(?P<form>不同位置)(?:有|可以看到)(?P<first>.+)",
    r"图像中(?:有|可以看到)(?P<first>.+)和(?P<second>.+)",
)
_FORMS = {
    "all": "all", "most": "most", "some": "some", "different parts": "spread", "most prominent": "prominent", "besides": "prominent_both",
    "此外": "prominent_both", "另外": "prominent_both", "最为显眼": "prominent", "最显眼": "prominent", "大多位于": "most",
    "大部分在": "most", "有的位于": "some", "有些在": "some", "不同位置": "spread",
}  # fmt: skip
_PLACES = {
    "左上角": "top left", "上方": "top", "右上角": "top right", "左侧": "left", "中央": "centre", "右侧": "right", "左下角": "bottom left",
    "下方": "bottom", "右下角": "bottom right",
}  # fmt: skip
_UNITS = {"十": 10, "百": 100, "千": 1000}
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@dataclass(frozen=True)
class Read:
    """What a caption of either language says: form, (noun, number or word) of the first and the second class, place."""

    form: str
    first: tuple[str, int | str]
    second: tuple[str, int | str] | None
    place: str | None


def chinese_number(text: str) -> int:
    """Return the value of a Chinese numeral below ten thousand.

    Raises:
        ValueError: it is none.
    """
    total, digit = 0, 0
    for position, character in enumerate(text):
        if character in _UNITS:
            total += (digit or (1 if position == 0 else 0)) * _UNITS[character]
            digit = 0
        elif character in _DIGITS:
            digit = _DIGITS[character]
        else:
            raise ValueError(f"{text!r} is no numeral")
    return total + digit


def _english_item(text: str, nouns: Sequence[str]) -> tuple[str, int | str]:
    word, _, rest = text.partition(" ")
    word = word.lower()
    singular = next((noun for noun in nouns if rest == (noun if word in ("a", "an") else plural(noun))), None)
    if singular is None or (word in ("a", "an") and word != article(rest)):
        raise ValueError(f"{text!r} is no count of {', '.join(nouns)}")
    if word in ("a", "an"):
        return singular, 1
    return singular, word if word in ("many", "several") else _SMALL.index(word) if word in _SMALL else int(word)


def _chinese_item(text: str, nouns: Sequence[str]) -> tuple[str, int | str]:
    for noun in nouns:
        try:
            known = chinese.term(noun)
        except Unfit:
            continue
        if text == f"许多{known.noun}":
            return noun, "many"
        if text == f"多{known.counter}{known.noun}":
            return noun, "several"
        if text.endswith(known.counter + known.noun):
            return noun, chinese_number(text.removesuffix(known.counter + known.noun))
    raise ValueError(f"{text!r} is no count of {', '.join(nouns)}")


def read(caption: str, language: str, nouns: Sequence[str]) -> Read:
    """Return the facts of a caption.

    Args:
        caption: one sentence.
        language: `en` or `zh`.
        nouns: of the classes, in English; longer ones first where one ends like another.

    Raises:
        ValueError: the caption has another form or speaks of another class.
    """
    patterns, item = (_ENGLISH, _english_item) if language == "en" else (_CHINESE, _chinese_item)
    for pattern in patterns:
        match = re.fullmatch(pattern, caption.removesuffix("。") if language == "zh" else caption)
        if match is None:
            continue
        groups = match.groupdict()
        second = item(groups["second"], nouns) if groups.get("second") else None
        form = _FORMS.get(groups.get("form") or "", "both" if second else "all")
        place = groups.get("place")
        return Read(form, item(groups["first"], nouns), second, _PLACES.get(place, place) if place else None)
    raise ValueError("no reading of this sentence")


def _cell(polygon: shapely.Polygon, width: int, height: int) -> str:
    x1, y1, x2, y2 = polygon.bounds
    row, column = (min(int(3 * (low + high) / 2 / side), 2) for low, high, side in ((y1, y2, height), (x1, x2, width)))
    return " ".join(word for word in (_ROWS[row], _COLUMNS[column]) if word) or "centre"


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions; those of an annotator are not rule-made and only need to be there."""
    if record["facts"]["reviewed"]:
        return
    rule = evidence.rules(record)[0]
    boxes = [(rule["names"].get(label, class_words(label)), polygon) for label, polygon, _ in boxes_in_window(record, evidence)]
    nouns = sorted({noun for noun, _ in boxes}, key=lambda noun: (-len(noun), noun))
    found: list[Read] = []
    for language, caption in zip(record["languages"], record["captions"], strict=True):
        try:
            found.append(read(caption, language, nouns))
        except ValueError as error:
            yield stated("text", caption, False, str(error))
            continue
        yield from _held(found[-1], caption, boxes, record, rule["rules"])
    yield stated("format", " / ".join(record["captions"]), len(set(found)) == 1, f"the languages differ: {found}")


def _held(
    told: Read, caption: str, boxes: Sequence[tuple[str, shapely.Polygon]], record: Mapping[str, Any], rule: Mapping[str, Any]
) -> Iterator[Statement]:
    counts = Counter(noun for noun, _ in boxes)
    for noun, number in (told.first, *([told.second] if told.second else [])):
        if told.form.startswith("prominent") and (noun, number) == told.first:
            yield stated("count", caption, number == 1, "one object is the most prominent")
        elif number == "several":
            yield stated("count", caption, counts[noun] >= 2, f"{noun}: {counts[noun]}")
        elif number == "many":
            yield stated("count", caption, counts[noun] > rule["vague_above"], f"{noun}: {counts[noun]}")
        else:
            yield stated("count", caption, counts[noun] == number, f"{noun}: {counts[noun]}")
    width, height = record["width"], record["height"]
    areas = {noun: sum(shapely.box(*p.bounds).area for name, p in boxes if name == noun) / (width * height) for noun in counts}
    if told.second:
        noun = told.second[0]
        yield stated(
            "size", caption, noun != told.first[0] and areas[noun] > rule["second_share"], f"{noun}: {areas[noun]:.3f} of the picture"
        )
    if told.form.startswith("prominent"):
        yield from _prominent(told, caption, boxes, width, height)
        yield stated("count", caption, max(counts.values()) < rule["least_abundant"], f"{dict(counts)}")
        return
    most = max(counts.values())
    yield stated("count", caption, counts[told.first[0]] == most >= rule["least_abundant"], f"{dict(counts)}")
    cells = Counter(_cell(polygon, width, height) for noun, polygon in boxes if noun == told.first[0])
    share = cells[told.place or ""] / most
    least = {"all": share == 1, "most": share > 0.5, "some": cells[told.place or ""] > 1, "spread": len(cells) > 1, "both": True}
    yield stated("position", caption, least[told.form], f"{told.first[0]}: {dict(cells)}")


def _prominent(told: Read, caption: str, boxes: Sequence[tuple[str, shapely.Polygon]], width: int, height: int) -> Iterator[Statement]:
    largest = max(shapely.box(*polygon.bounds).area for _, polygon in boxes)
    same = [(noun, _cell(polygon, width, height)) for noun, polygon in boxes if shapely.box(*polygon.bounds).area > largest * (1 - 1e-9)]
    yield stated("size", caption, told.first[0] in {noun for noun, _ in same}, f"the largest: {same}")
    yield stated("position", caption, (told.first[0], told.place) in same, f"the largest: {same}")
