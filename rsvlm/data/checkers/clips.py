"""Check clips: what a moving view shows against the annotation of the windows, and given captions against the set's own list."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rsvlm.captioning.grammar import counted, indefinite, plural
from rsvlm.data.checkers.given import plain
from rsvlm.data.checkers.picture_tasks import entries_of
from rsvlm.data.checkers.turns import Asked, read_turns, rule_of
from rsvlm.data.checkers.whole import Whole, whole
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_TASKS = ("caption", "clip_motion", "clip_presence")
_CAPTION = re.compile(r"The view moves (to the right|to the left|up|down) over (.+)\.")
_NTH = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth")


class _Clip:
    """The windows of a clip, and what each of them and the one around them show."""

    def __init__(self, record: Mapping[str, Any], evidence: Evidence, rule: Mapping[str, Any]) -> None:
        self.record, self.evidence, self.rule = record, evidence, rule
        side = rule["pan"]["side"]
        self.windows = [(x, y, side, side) for x, y in record["facts"]["windows"]]
        xs, ys = zip(*((x, y) for x, y, _, _ in self.windows), strict=True)
        self.around = self.seen((min(xs), min(ys), max(xs) - min(xs) + side, max(ys) - min(ys) + side))

    def seen(self, window: tuple[int, int, int, int]) -> Whole:
        origin = {**self.record["origin"], "window": list(window)}
        return whole({**self.record, "origin": origin, "width": window[2], "height": window[3]}, self.evidence)

    def way(self) -> str:
        """Return how the view moves, from the first window to the last."""
        (x, y, _, _), (u, v, _, _) = self.windows[0], self.windows[-1]
        return "to the right" if u > x else "to the left" if u < x else "down" if v > y else "up"


def check_pans(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a clip's first frame; the others have none."""
    if not record.get("conversations") or record.get("part_of"):
        return
    rule = rule_of(record, evidence)
    clip = _Clip(record, evidence, rule)
    x, y, *_ = record["origin"]["window"]
    if (x, y) != clip.windows[0][:2] or not len(record["frames"]) == len(clip.windows) == rule["pan"]["frames"]:
        yield stated("format", "frames", False, f"{len(record['frames'])} frames, {len(clip.windows)} windows from {clip.windows[0]}")
    for text in record["captions"]:
        yield from _caption(text, clip)
    for turn in read_turns(record, rule["style"], _TASKS):
        if isinstance(turn, Statement):
            yield turn
        elif turn.task == "caption":
            yield from _caption(turn.reply, clip)
        elif turn.task == "clip_motion":
            yield stated("position", f"{turn.text} {turn.reply}", turn.reply == clip.way(), f"it moves {clip.way()}")
        elif turn.task == "clip_presence":
            yield _presence(turn, clip)
        else:
            yield unread(turn.text)


def _caption(text: str, clip: _Clip) -> Iterator[Statement]:
    match = _CAPTION.fullmatch(text)
    if match is None:
        yield unread(text)
        return
    yield stated("position", text, match[1] == clip.way(), f"it moves {clip.way()}")
    for part in re.split(r", | and ", match[2]):
        allowed = {}
        for noun, objects in clip.around.clear.items():
            number = len(objects)
            forms = {plural(noun)} if number > 1 else {indefinite(noun)}
            if noun not in clip.around.doubtful:
                forms.add(counted(noun, number))
            allowed[noun] = forms
        yield stated("count", part, any(part in forms for forms in allowed.values()), f"certain: {allowed}")


def _presence(turn: Asked, clip: _Clip) -> Statement:
    told = f"{turn.text} {turn.reply}"
    number = _NTH.index(turn.words["nth"]) if turn.words["nth"] in _NTH else len(clip.windows)
    known = [*clip.rule["known"]["nouns"], *clip.around.anywhere]
    noun = next((noun for noun in known if turn.words["noun"] == indefinite(noun)), None)
    if noun is None or number >= len(clip.windows):
        return unread(told)
    seen = clip.seen(clip.windows[number])
    truth = "yes" if seen.clear.get(noun) else "no" if noun not in seen.doubtful and noun in clip.rule["known"]["nouns"] else None
    return stated("presence", told, turn.reply == truth, f"certain: {truth}")


def check_frames(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a video's first picture: its captions are those of the set's list."""
    if not record.get("conversations") or record.get("part_of"):
        return
    rule = rule_of(record, evidence)
    entries = entries_of(evidence.source(str(record["source"])).path(rule["file"]), rule["layout"], "{name}")
    name = str(record["id"]).removeprefix(f"{rule['prefix']}-")
    captions = next(
        (texts for video, (_, texts) in entries.items() if plain(video.rpartition(".")[0] or video) == plain(name)), frozenset()
    )
    for text in record["captions"]:
        yield stated("text", text, plain(text) in captions, "no caption of this video")
    for turn in read_turns(record, rule["style"], ("caption",)):
        if isinstance(turn, Statement):
            yield turn
        elif turn.task == "caption":
            yield stated("text", turn.reply, plain(turn.reply) in captions, "no caption of this video")
        else:
            yield unread(turn.text)
