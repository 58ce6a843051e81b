"""Answers in the form that their prompt asked for: running text, one item a line, or one JSON object."""

import json
import math
import re
from typing import Any, Literal

from rsvlm.records.unfit import Unfit

MOST_LINES = 1_000
LONGEST_JSON = 100_000  # characters
_DEEPEST = 8
_BULLET = re.compile(r"^\s*(?:[-*•–]\s+|\(?\d{1,3}[.):]\s+)?")
_FENCE = re.compile(r"\A```[a-z]*\n(.*)\n```\Z", re.DOTALL)


def as_lines(text: str) -> tuple[str, ...]:
    """Return the items of a list, one a line, without bullets and numbers; empty lines are passed over.

    Raises:
        Unfit: no item, or more than 1,000.
    """
    lines = tuple(line for raw in text.splitlines() if (line := _BULLET.sub("", raw, count=1).strip()))
    if not lines or len(lines) > MOST_LINES:
        raise Unfit("answer is no list", f"{len(lines):,} lines; 1 to {MOST_LINES:,} allowed")
    return lines


def as_json(text: str) -> dict[str, Any]:
    """Return the JSON object that an answer is, alone or in one code fence.

    Raises:
        Unfit: something else than one JSON object; keys twice, NaN, too long or nested too deep.
    """
    stripped = text.strip()
    fenced = _FENCE.match(stripped)
    body = fenced[1] if fenced else stripped
    if len(body) > LONGEST_JSON:
        raise Unfit("answer is not JSON", f"{len(body):,} characters; {LONGEST_JSON:,} allowed")
    try:
        value = json.loads(body, object_pairs_hook=_without_repeats, parse_constant=_refuse, parse_float=_finite)
        deep = _depth(value) > _DEEPEST
    except (ValueError, RecursionError) as error:
        raise Unfit("answer is not JSON", str(error)[:200]) from None
    if not isinstance(value, dict):
        raise Unfit("answer is not JSON", f"an object is needed, not {type(value).__name__}")
    if deep:
        raise Unfit("answer is not JSON", f"nested deeper than {_DEEPEST}")
    return value


def texts_of(answer: str, output: Literal["text", "lines", "json"]) -> tuple[str, ...]:
    """Return every text in an answer, for checks: all of it, its lines, or the strings of its JSON (keys are not said).

    Raises:
        Unfit: the answer has another form.
    """
    if output == "text":
        return (answer,)
    return as_lines(answer) if output == "lines" else tuple(_strings(as_json(answer)))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refuse(number)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(item) for item in inner), default=0)


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for item in inner for text in _strings(item)]
    return [] if value is None or isinstance(value, bool) else [str(value)]
