"""Chinese for captions made by rule: numerals, measure words, lists, places, class names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from rsvlm.captioning.grammar import class_words
from rsvlm.records.unfit import Unfit

_DIGITS = "零一二三四五六七八九"
_POWERS = ((1000, "千"), (100, "百"), (10, "十"))
_WAN, _YI = 10**4, 10**8
_ENDS = ("。", "！", "？")


@dataclass(frozen=True)
class Term:
    """A class in Chinese: noun and the measure word between number and noun."""

    noun: str
    counter: str


@cache
def _tables() -> tuple[Mapping[str, Term], Mapping[str, str]]:
    text = resources.files("rsvlm.captioning").joinpath("chinese.yaml").read_text("utf-8")
    table: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return {name: Term(**fields) for name, fields in table["classes"].items()}, table["places"]


def term(name: str) -> Term:
    """Return the Chinese of a class name of DIOR or DOTA, in any of its spellings (`storage-tank`, `storagetank`).

    Raises:
        Unfit: there is none.
    """
    key = class_words(name).replace(" ", "")
    terms, _ = _tables()
    if key not in terms:
        raise Unfit("class has no Chinese name", name[:60])
    return terms[key]


def place(name: str) -> str:
    """Return one of the nine places of a picture: `top left` -> 左上角.

    Raises:
        Unfit: it is none of them.
    """
    _, places = _tables()
    if name not in places:
        raise Unfit("place has no Chinese name", name[:60])
    return places[name]


def _below_wan(count: int) -> str:
    """Return 1 to 9999 with every digit's power said: 12 is 一十二; a gap between digits is one 零."""
    text, gap = "", False
    for power, name in _POWERS:
        digit, count = divmod(count, power)
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + name
        gap = not digit
    if count:
        text += ("零" if gap and text else "") + _DIGITS[count]
    return text


def _spelled(count: int) -> str:
    for unit, name in ((_YI, "亿"), (_WAN, "万")):
        if count >= unit:
            high, low = divmod(count, unit)
            if not low:
                return _spelled(high) + name
            return f"{_spelled(high)}{name}{'零' if low < unit // 10 else ''}{_spelled(low)}"
    return _below_wan(count)


def numeral(count: int, *, counting: bool = False) -> str:
    """Return a whole number in Chinese: 12 is 十二, 20 is 二十, 101 is 一百零一, 10010 is 一万零一十.

    Args:
        count: zero or more.
        counting: before a measure word, where 2 is 两, as is a leading 2 before 千, 万 and 亿; 二百, 二十 and 十二 stay.

    Raises:
        ValueError: it is negative.
    """
    if count < 0:
        raise ValueError(f"{count}: numerals are of zero and more")
    if count == 0:
        return _DIGITS[0]
    text = _spelled(count)
    if text.startswith("一十"):
        return text[1:]
    if counting and text[0] == "二" and text[1:2] in ("", "千", "万", "亿"):
        return "两" + text[1:]
    return text


def counted(name: str, count: int, *, words: bool = True) -> str:
    """Return a number of objects with the class's measure word: 两架飞机; in digits 2架飞机.

    Raises:
        ValueError: the count is below one.
        Unfit: the class has no Chinese name.
    """
    if count < 1:
        raise ValueError(f"{count} {name}: only what is there can be counted")
    known = term(name)
    return f"{numeral(count, counting=True) if words else count}{known.counter}{known.noun}"


def many(name: str) -> str:
    """Return objects of a class without their number: 许多飞机."""
    return f"许多{term(name).noun}"


def listed(phrases: Sequence[str]) -> str:
    """Join phrases as Chinese does: a, a和b, a、b和c."""
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{'、'.join(phrases[:-1])}和{phrases[-1]}"


def sentence(text: str) -> str:
    """Return the text with a full stop at its end, if it has none."""
    return text if text.endswith(_ENDS) else f"{text}。"
