"""Caption files in JSON: the Karpathy layout of RSICD, UCM-Captions, Sydney-Captions and RSITMD, and that of NWPU-Captions."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.records.readers import fields
from rsvlm.records.readers.json_files import Element, elements
from rsvlm.records.unfit import Unfit

_SPLITS = {"train": "train", "restval": "train", "val": "validation", "validation": "validation", "test": "test"}
_NWPU = ("raw", "raw_1", "raw_2", "raw_3", "raw_4")


@dataclass(frozen=True)
class CaptionedPicture:
    """A picture and what is said of it.

    Attributes:
        where: its place in the file.
        picture: file name as the file has it; NWPU-Captions keeps the pictures in a folder for each class.
        label: class name, None where the file has none.
        split: train, validation or test.
        captions: as they stand, in the file's order.
    """

    where: str
    picture: str
    label: str | None
    split: str
    captions: tuple[str, ...]


def read(path: Path) -> Iterator[CaptionedPicture | Unfit]:
    """Yield the pictures of a file in the Karpathy layout: `{"images": [{"filename", "split", "sentences": [{"raw"}]}]}`.

    A sentence without `raw` is its `tokens`, joined by spaces. A picture that cannot be used is yielded as its fault.

    Raises:
        DataError: the file has another layout or is not JSON; file and line are named.
    """
    return _pictures(elements(path, "images"), _karpathy)


def read_nwpu(path: Path) -> Iterator[CaptionedPicture | Unfit]:
    """Yield the pictures of NWPU-Captions: `{class: [{"filename", "split", "raw", "raw_1", ..., "raw_4"}]}`.

    Raises:
        DataError: as `read`.
    """
    return _pictures(elements(path), _nwpu)


def _pictures(found: Iterable[Element], convert: Callable[[Element], tuple[str | None, list[str]]]) -> Iterator[CaptionedPicture | Unfit]:
    for element in found:
        where = element.where
        try:
            picture, split = fields.text(element.value, "filename", where), fields.text(element.value, "split", where)
            if split not in _SPLITS:
                raise Unfit("split is unknown", f"{where}.split is {split[:20]!r}; allowed: {', '.join(_SPLITS)}")
            label, captions = convert(element)
            if not captions:
                raise Unfit("picture has no caption", where)
            yield CaptionedPicture(where, picture, label, _SPLITS[split], tuple(captions))
        except Unfit as unfit:
            yield unfit


def _karpathy(element: Element) -> tuple[str | None, list[str]]:
    sentences = fields.members(element.value, "sentences", element.where)
    return None, [_sentence(sentence, f"{element.where}.sentences[{index}]") for index, sentence in enumerate(sentences)]


def _sentence(sentence: Any, where: str) -> str:
    if fields.member_or_none(sentence, "raw") is not None:
        return fields.text(sentence, "raw", where)
    words = fields.members(sentence, "tokens", where)
    if not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise Unfit("text is empty or not allowed", f"{where}.tokens")
    return " ".join(words)


def _nwpu(element: Element) -> tuple[str | None, list[str]]:
    if not element.key.strip():
        raise Unfit("class name is empty", element.where)
    texts = [fields.optional_text(element.value, key, element.where) for key in _NWPU]
    return element.key, [text for text in texts if text]
