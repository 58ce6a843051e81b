"""Check ranked captions: which candidates win is worked out anew from the similarities that the record keeps.

The similarities themselves are the models' word. Held against other evidence are where a candidate comes from (a training
picture of the captioned set, whose list is read again), the class that it names (the path of the scene) and the sentence
from metadata before it (the source's index). What else a neighbour's caption says, its counts above all, nothing here can tell.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from math import fsum
from pathlib import Path
from typing import Any

from rsvlm.data.checkers import meta
from rsvlm.data.checkers.scene_names import check_scene
from rsvlm.data.checkers.turns import rule_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated

_HAIR = 1e-15
_ROUNDING = 1e-8


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions."""
    rule, facts, captions = rule_of(record, evidence), record["facts"], record["captions"]
    candidates, turned = facts["candidates"], facts["turned"]
    texts = [candidate["text"] for candidate in candidates]
    winners = _winners(candidates, rule["keep_first"], rule["keep"])
    if len(captions) != len(winners):
        yield stated("format", f"{len(captions)} captions", False, f"the ranking leaves {len(winners)}")
    known = _known(rule, record, evidence)
    for place, caption in enumerate(captions):
        before, text = _parted(caption, texts, with_sentence=rule["metadata"] is not None)
        if text is None:
            yield stated("text", caption, False, "no candidate of this picture")
            continue
        given = known is None or _plain(text) in known
        yield stated("text", text, given, "no training picture of the captioned set has this caption")
        expected = texts[winners[place]] if place < len(winners) else None
        yield stated("measure", f"place {place + 1}: {text}", text == expected, f"the ranking has {expected!r}")
        if rule["classes"]:
            yield from check_scene(text, rule["classes"], record["origin"]["picture"])
        if before:
            told = {**record, "builder": "meta", "captions": [before]}
            yield from meta.check(told, Evidence(evidence.raw, {("meta", str(record["source"])): (rule["metadata"],)}))
    yield from _steadiest(record, [texts[place] for place in winners], [candidates[place]["second"] for place in winners], turned)


def _winners(candidates: Sequence[Mapping[str, Any]], keep_first: int, keep: int) -> list[int]:
    """Return the places of the candidates that two rankings leave, best first; of equal ones the earlier wins."""
    by_first = sorted(range(len(candidates)), key=lambda place: (-candidates[place]["first"], place))[:keep_first]
    return sorted(by_first, key=lambda place: (-candidates[place]["second"], place))[:keep]


def _steadiest(
    record: Mapping[str, Any], kept: Sequence[str], unturned: Sequence[float], turned: Sequence[Sequence[float]]
) -> Iterator[Statement]:
    """Yield whether the caption that is marked is the one whose similarity varies least around its own mean as the picture turns."""
    facts, scores = record["facts"], record["scores"]
    # The last of the turned pictures has gone round once and is the picture itself.
    sound = [len(row) == facts["rotations"] and row[-1] == own for row, own in zip(turned, unturned, strict=False)]
    if len(turned) != len(unturned) or not all(sound):
        yield stated("format", "similarities with the turned picture", False, "one is missing, or the whole turn is not the picture itself")
        return
    spreads = [_variance(row) for row in turned]
    place, captions = facts["invariant"], record["captions"]
    marked = place < min(len(spreads), len(captions)) and captions[place].endswith(kept[place])
    held = marked and spreads[place] <= min(spreads) + _HAIR
    yield stated("measure", f"steadiest: {captions[min(place, len(captions) - 1)]}", held, f"variances of {list(kept)}: {spreads}")
    if abs(scores["similarity"] - unturned[0]) > _ROUNDING or abs(scores["rotation-variance"] - min(spreads)) > _ROUNDING:
        yield stated("measure", f"scores {scores}", False, f"the similarities give {unturned[0]} and {min(spreads)}")


def _variance(row: Sequence[float]) -> float:
    mean = fsum(row) / len(row)
    return fsum((value - mean) ** 2 for value in row) / len(row)


def _parted(caption: str, texts: Sequence[str], *, with_sentence: bool) -> tuple[str, str | None]:
    """Return (sentence before it, candidate) of a caption; None for a caption that is no candidate."""
    if not with_sentence:
        return "", caption if caption in texts else None
    ends = [text for text in texts if caption.endswith(f" {text}")]
    text = max(ends, key=len, default=None)
    return (caption[: -len(text) - 1], text) if text is not None else ("", None)


def _known(rule: Mapping[str, Any], record: Mapping[str, Any], evidence: Evidence) -> frozenset[str] | None:
    """Return the captions that candidates can come from, None where a model drew them."""
    source = rule["candidates"]
    if source["kind"] != "neighbours":
        return None
    listed = _listed(evidence.source(source["source"]).path(source["file"]))
    own = record["origin"]["picture"] if source["source"] == record["source"] else None
    return frozenset(text for text, pictures in listed.items() if pictures != {own})


@cache
def _listed(path: Path) -> Mapping[str, set[str]]:
    """Return plain caption -> training pictures that have it."""
    found: dict[str, set[str]] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict) and value.get("split") == "train" and isinstance(value.get("captions"), list):
                for text in value["captions"]:
                    found.setdefault(_plain(str(text)), set()).add(str(value.get("image")))
    return found


def _plain(text: str) -> str:
    """Return a text in lower case without spaces and final full stops."""
    return re.sub(r"\s+", "", text.lower()).rstrip(".")
