"""Captions with the request that they answer: RSICap's `captions.json`, and LLaVA's list of conversations (VersaD).

RSICap: `{"annotations": [{"image_id": "0", "filename": "P0378_0001.png", "text_input": "...", "text_output": "..."}]}`; the
`image_id` is a running number written as text. LLaVA: `[{"id", "image", "conversations": [{"from": "human", "value": "<image> ..."},
{"from": "gpt", "value": "..."}]}]`. Files are read element by element, whatever their size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.records.readers import fields
from rsvlm.records.readers.json_files import elements, items
from rsvlm.records.unfit import Unfit

IMAGE = "<image>"


@dataclass(frozen=True)
class Instructed:
    """A picture with a request and its answer.

    Attributes:
        where: its place in the file.
        id: as the file has it.
        picture: the file's name for it.
        instruction: the request, without the mark for the image.
        text: the answer.
    """

    where: str
    id: str
    picture: str
    instruction: str
    text: str


def read_rsicap(path: Path) -> Iterator[Instructed | Unfit]:
    """Yield the captions of RSICap's file, or the fault of an entry.

    Raises:
        DataError: missing, not JSON, or without the list `annotations`.
    """
    for element in elements(path, "annotations"):
        try:
            yield _of_rsicap(element.value, element.where)
        except Unfit as unfit:
            yield unfit


def _of_rsicap(value: Any, where: str) -> Instructed:
    number = fields.text(value, "image_id", where)
    if not number.isascii() or not number.isdigit():
        raise Unfit("image_id is no number written as text", f"{where}: {number[:40]!r}")
    keys = ("filename", "text_input", "text_output")
    picture, instruction, text = (fields.text(value, key, where) for key in keys)
    return Instructed(where, number, picture, instruction.strip(), text)


def read_llava(path: Path) -> Iterator[Instructed | Unfit]:
    """Yield the first exchange of every entry of a LLaVA list, or the fault of an entry.

    Raises:
        DataError: missing, or not a JSON list.
    """
    for element in items(path):
        try:
            yield _of_llava(element.value, element.where)
        except Unfit as unfit:
            yield unfit


def _of_llava(value: Any, where: str) -> Instructed:
    turns = fields.member(value, "conversations", where)
    if not isinstance(turns, list) or len(turns) < 2:
        raise Unfit("conversation is too short", where)
    roles = [fields.text(turn, "from", f"{where}.conversations[{place}]") for place, turn in enumerate(turns[:2])]
    if roles != ["human", "gpt"]:
        raise Unfit("conversation does not begin with human and gpt", f"{where}: {roles}"[:200])
    asked, said = (fields.text(turn, "value", f"{where}.conversations[{place}]") for place, turn in enumerate(turns[:2]))
    if asked.count(IMAGE) != 1:
        raise Unfit("first turn does not hold the image once", where)
    picture = fields.text(value, "image", where)
    return Instructed(where, str(value.get("id") or ""), picture, asked.replace(IMAGE, "").strip(), said)
