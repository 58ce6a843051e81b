"""How other programs want a record of a corpus: the bytes of an entry, layout by layout.

`csv` (tabs between columns; an entry a caption, `filepath` and `title` as open_clip reads them), `jsonl` (an entry a record, of
whatever kind), `llava` (an entry a conversation about one picture: `id`, `image`, `conversations` of `from` and `value`),
`teochat` (the same about one or more pictures: `video` in place of `image`, and `task`, `dataset`, `timestamp`, `polygon`).
Every entry of these also says its `licence` and `source`, and one about marks in its picture says them (`task`, `level`, `prompts`)
and where their mask is (`mask`). `vhm`, `fit-rs` and `lhrs-bot` have the published fields and no other: an entry a conversation
about one picture, as `image`, `source_dataset`, `conversations`; as `id`, `source`, `image`, `question`, `answer`; and below
`data` as `name`, `conv` of `Question` and `Answer`.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rsvlm.conversations.formats.form import Format, convert, encode
from rsvlm.conversations.formats.sequences import IMAGE, VIDEO, day, opening
from rsvlm.conversations.formats.shapes import Geometry
from rsvlm.conversations.formats.wkt import WKT
from rsvlm.files import canonical_json
from rsvlm.records.unfit import Unfit

Record = Mapping[str, Any]
Boxes = tuple[Format, Format] | None
_MASK = 256  # pixels, the sides of the mask on which TEOChat's scorers draw outlines, whatever the picture's own
_SPEAKER = {"user": "human", "assistant": "gpt"}


@dataclass(frozen=True)
class Pictures:
    """Paths in the export.

    Attributes:
        own: the record's picture.
        frames: those of its sequence in order of time, if it has one.
        masks: by the id of a conversation, the picture of its marks, if it has any.
    """

    own: str
    frames: tuple[str, ...] = ()
    masks: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> tuple[str, ...]:
        """The pictures that the record's texts are about."""
        return self.frames or (self.own,)


@dataclass(frozen=True)
class Layout:
    """How a layout is written.

    Attributes:
        ending: of its files.
        texts: the key of a record whose members are an entry each; none: the whole record is one.
        sequences: a record's entries speak of its whole sequence, not of its own picture alone.
        prompts: its entries have room for marks in a picture.
        entry: bytes of an entry: of a record, its pictures, the text, and from which to which format boxes are rewritten.
            Raises `Unfit` for what the layout cannot hold.
        edges: bytes before, between and behind the entries of a file.
    """

    ending: str
    texts: str | None
    sequences: bool
    prompts: bool
    entry: Callable[[Record, Pictures, Any, Boxes], bytes]
    edges: tuple[bytes, bytes, bytes]


def prompts_of(record: Record, talk: Record) -> tuple[int, dict[str, Any]] | None:
    """Return the place of a conversation in its record, and its marks (`prompts`, in pixels) and `level`; None where it has none.

    Raises:
        Unfit: the record has other marks than conversations.
    """
    facts = record.get("facts") or {}
    if not facts.get("prompts"):
        return None
    ids = [other["id"] for other in record["conversations"]]
    if {len(ids)} != {len(facts.get(key) or ()) for key in ("prompts", "levels")}:
        raise Unfit("prompts are not those of the conversations", str(record["id"]))
    place = ids.index(talk["id"])
    return place, {"prompts": facts["prompts"][place], "level": facts["levels"][place]}


def _prompted(record: Record, talk: Record, pictures: Pictures) -> dict[str, Any]:
    """Return the fields of a conversation about marks; none where it has no marks."""
    found = prompts_of(record, talk)
    return {"task": talk["task"], **found[1], "mask": pictures.masks[talk["id"]]} if found else {}


def _row(values: Sequence[str]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter="\t", lineterminator="").writerow(values)
    return stream.getvalue().encode()


def _line(entry: Mapping[str, Any]) -> bytes:
    return canonical_json(entry).rstrip(b"\n")


def _turns(record: Record, talk: Record, boxes: Boxes) -> list[dict[str, str]]:
    """Return role and text of a conversation's turns, boxes rewritten where that is asked for."""
    width, height = record["width"], record["height"]
    return [
        {"role": turn["role"], "text": convert(turn["text"], *boxes, width, height) if boxes else turn["text"]} for turn in talk["turns"]
    ]


def _marked(turns: Sequence[Mapping[str, str]], mark: str, start: str) -> list[dict[str, str]]:
    """Return turns as `from` and `value`; the first, and no other, says where the pictures go, by `start` where it does not yet.

    Raises:
        Unfit: the texts hold such a mark elsewhere, so that a reader would look for other pictures.
    """
    said = [{"from": _SPEAKER[turn["role"]], "value": turn["text"]} for turn in turns]
    found = next((one for one in (IMAGE, VIDEO) if one in said[0]["value"]), None)
    if found is None:
        said[0]["value"] = start + said[0]["value"]
    else:
        before, _, after = said[0]["value"].partition(found)
        for turn in said[1:]:  # questions that became turns of one conversation each begin like the first
            turn["value"] = turn["value"].removeprefix(f"{before}{found}\n")
        said[0]["value"] = f"{before}{mark}{after}"
    texts = " ".join(turn["value"] for turn in said)
    if texts.count(mark) != 1 or any(other in texts for other in {IMAGE, VIDEO} - {mark}):
        raise Unfit("text holds another mark for pictures", texts[:100])
    return said


def _about_one(record: Record, pictures: Pictures, talk: Record, boxes: Boxes) -> list[dict[str, str]]:
    """Return the turns of a conversation about one picture as LLaVA has them.

    Raises:
        Unfit: it is about more, or its texts hold another mark for pictures.
    """
    if len(pictures.shown) > 1:
        raise Unfit("more than one picture", str(talk["id"]))
    return _marked(_turns(record, talk, boxes), IMAGE, f"{IMAGE}\n")


def _pairs(said: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    """Return questions and answers without the mark for the picture and what stands before it: these readers put it themselves.

    Raises:
        Unfit: the mark is no line's end, but part of the first question.
    """
    values = [turn["value"] for turn in said]
    _, mark, first = values[0].partition(f"{IMAGE}\n")
    if not mark:
        raise Unfit("text holds another mark for pictures", values[0][:100])
    return list(zip([first, *values[2::2]], values[1::2], strict=True))


def _csv(record: Record, pictures: Pictures, caption: str, _: Boxes) -> bytes:
    return _row([pictures.own, caption, record["licence"], record["source"]])


def _jsonl(record: Record, pictures: Pictures, _: None, boxes: Boxes) -> bytes:
    entry = {key: record.get(key) for key in ("id", "split", "licence", "source", "label", "part_of")}
    entry |= {"image": pictures.own, "frames": list(pictures.frames) or None, "captions": record["captions"] or None}
    if record.get("conversations"):
        talks = record["conversations"]
        entry["conversations"] = [
            {**_prompted(record, talk, pictures), "id": talk["id"], "task": talk["task"], "turns": _turns(record, talk, boxes)}
            for talk in talks
        ]
    return _line({key: value for key, value in entry.items() if value is not None})


def _llava(record: Record, pictures: Pictures, talk: Record, boxes: Boxes) -> bytes:
    said = _about_one(record, pictures, talk, boxes)
    origin = {"licence": record["licence"], "source": record["source"]}
    return _line({"id": talk["id"], "image": pictures.shown[0], "conversations": said, **origin, **_prompted(record, talk, pictures)})


def _vhm(record: Record, pictures: Pictures, talk: Record, boxes: Boxes) -> bytes:
    said = _about_one(record, pictures, talk, boxes)
    folder, _, name = pictures.shown[0].rpartition("/")  # its `source_dataset` is the folder of the picture
    return _line({"image": name, "source_dataset": folder, "conversations": said})


def _fit_rs(record: Record, pictures: Pictures, talk: Record, boxes: Boxes) -> bytes:
    told = _pairs(_about_one(record, pictures, talk, boxes))
    if len(told) > 1:
        raise Unfit("more than one question", str(talk["id"]))
    ((question, answer),) = told
    return _line({"id": talk["id"], "source": record["source"], "image": pictures.shown[0], "question": question, "answer": answer})


def _lhrs_bot(record: Record, pictures: Pictures, talk: Record, boxes: Boxes) -> bytes:
    told = _pairs(_about_one(record, pictures, talk, boxes))
    return _line({"name": pictures.shown[0], "conv": [{"Question": question, "Answer": answer} for question, answer in told]})


def _teochat(record: Record, pictures: Pictures, talk: Record, boxes: Boxes) -> bytes:
    facts, count = record.get("facts") or {}, len(pictures.shown)
    entry = {
        "id": talk["id"],
        "video": list(pictures.shown),
        "conversations": _marked(_turns(record, talk, boxes), VIDEO, opening(count)),
        "task": (facts.get("tasks") or {}).get(talk["id"]) or talk["task"],
        "dataset": facts.get("dataset") or record["source"],
        "licence": record["licence"],
        "source": record["source"],
    }
    entry = _prompted(record, talk, pictures) | entry
    stamps = facts.get("timestamps") or [record.get("date")] * (count == 1)
    if len(stamps) == count and all(map(_is_day, stamps)):  # its loader knows whole days alone
        entry["timestamp"] = list(stamps)
    if talk.get("polygons"):
        across, down = _MASK / record["width"], _MASK / record["height"]
        outlines = [tuple((x * across, y * down) for x, y in points) for points in talk["polygons"]]
        entry["polygon"] = [encode(WKT, [Geometry(points, _MASK, _MASK)]) for points in outlines]
    return _line(entry)


def _is_day(stamp: str | None) -> bool:
    try:
        return bool(day(stamp or ""))
    except Unfit:
        return False


_LIST = (b"[\n", b",\n", b"\n]\n")
_LINES = (b"", b"\n", b"\n")
LAYOUTS = {
    "csv": Layout("csv", "captions", False, False, _csv, (_row(["filepath", "title", "licence", "source"]) + b"\n", b"\n", b"\n")),
    "jsonl": Layout("jsonl", None, True, True, _jsonl, _LINES),
    "llava": Layout("json", "conversations", True, True, _llava, _LIST),
    "teochat": Layout("json", "conversations", True, True, _teochat, _LIST),
    "vhm": Layout("json", "conversations", True, False, _vhm, _LIST),
    "fit-rs": Layout("jsonl", "conversations", True, False, _fit_rs, _LINES),
    "lhrs-bot": Layout("json", "conversations", True, False, _lhrs_bot, (b'{"data": [\n', b",\n", b"\n]}\n")),
}
"""By name."""
