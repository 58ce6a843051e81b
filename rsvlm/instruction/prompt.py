r"""From turns to token ids and labels: GeoChat's template, one image placeholder, masks that leave only answers to learn.

The text of a conversation is `<system> USER: <image>\n<question> ASSISTANT: <answer></s>USER: <question> ASSISTANT: ...`,
with the tokenizer's own end token for `</s>`. It is tokenised in pieces, cut at the image and at every end token, as LLaVA
does; a token belongs to the answer if any of its characters does. Counting tokens per round, as the published code must,
is not needed, and neither is its fallback of ignoring samples whose counts differ.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tokenizers import Tokenizer

from rsvlm.conversations.geochat import ROLES, SEPARATORS, SYSTEM_LLAVA_V1, SYSTEM_V1
from rsvlm.errors import IntegrityError
from rsvlm.files import readable_json, write_atomic

IGNORE = -100
IMAGE = -200
SYSTEMS = {"v1": SYSTEM_V1, "llava_v1": SYSTEM_LLAVA_V1}
_FILES = ("tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True)
class Words:
    """A tokenizer and the special tokens that the template needs.

    Attributes:
        tokenizer: reads special tokens in a text as plain characters, so that no caption can end a turn.
        begin: id put before everything (Llama's BOS), or None where the model was not trained with one.
        end: id that ends an answer.
        pad: id that fills up rows; never attended to and never learned.
    """

    tokenizer: Tokenizer
    begin: int | None
    end: int
    pad: int

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text, without any special token."""
        found: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return found

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of generated ids up to the first end token, without white space around it."""
        kept = list(ids[: ids.index(self.end)]) if self.end in ids else list(ids)
        decoded: str = self.tokenizer.decode(kept, skip_special_tokens=True)
        return decoded.strip()


def load_words(folder: Path) -> Words:
    """Read `tokenizer.json` and `tokenizer_config.json` of a language model.

    Raises:
        IntegrityError: a file is missing, or a special token is not in the vocabulary.
    """
    for name in _FILES:
        if not (folder / name).is_file():
            raise IntegrityError(f"{folder / name}: missing; a language model needs its tokenizer")
    config: dict[str, Any] = json.loads((folder / "tokenizer_config.json").read_bytes())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.encode_special_tokens = True

    def id_of(key: str) -> int:
        stored = config.get(key)
        name = stored["content"] if isinstance(stored, dict) else stored
        found = tokenizer.token_to_id(name) if name else None
        if found is None:
            raise IntegrityError(f"{folder / 'tokenizer_config.json'}: {key} {name!r} is not in the vocabulary")
        return int(found)

    # Llama tokenizers begin texts with BOS unless told otherwise; SmolLM2's `<|im_start|>` starts turns of another template.
    llama = config.get("add_bos_token", "Llama" in str(config.get("tokenizer_class")))
    return Words(tokenizer, id_of("bos_token") if llama else None, id_of("eos_token"), id_of("unk_token" if llama else "eos_token"))


def save_words(source: Path, folder: Path) -> None:
    """Write the tokenizer's files of one folder into another, byte for byte but for the config's order."""
    write_atomic(folder / "tokenizer.json", (source / "tokenizer.json").read_bytes())
    write_atomic(folder / "tokenizer_config.json", readable_json(json.loads((source / "tokenizer_config.json").read_bytes())))


@dataclass(frozen=True)
class Encoded:
    """A conversation as ids: `IMAGE` stands for the whole image, labels are `IGNORE` outside the answers."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True)
class _Piece:
    """Text between two special places; `answer_from` is the character where an answer starts, its space included (-1: none)."""

    text: str
    answer_from: int = -1


def _pieces(turns: Sequence[str]) -> list[_Piece]:
    """Cut a conversation after the image into pieces that each end at an end token; without one after an open question."""
    pieces = []
    for number in range(0, len(turns), 2):
        lead = "\n" if number == 0 else f"{ROLES[0]}: "
        question = f"{lead}{turns[number]}{SEPARATORS[0]}{ROLES[1]}:"
        if number + 1 < len(turns):
            pieces.append(_Piece(f"{question} {turns[number + 1]}", len(question)))
        else:
            pieces.append(_Piece(question))
    return pieces


def system_ids(words: Words, system: Literal["v1", "llava_v1"]) -> list[int]:
    """Return the ids before the image, the same for every conversation."""
    begin = [] if words.begin is None else [words.begin]
    return begin + words.ids(f"{SYSTEMS[system]}{SEPARATORS[0]}{ROLES[0]}: ")


def encode(turns: Sequence[str], words: Words, system: Literal["v1", "llava_v1"]) -> Encoded:
    """Return ids and labels of a conversation.

    Args:
        turns: question, answer, question, ...; with an odd number the last one is open, to be answered.
        words: the tokenizer.
        system: which system text.
    """
    ids = [*system_ids(words, system), IMAGE]
    labels = [IGNORE] * len(ids)
    for piece in _pieces(turns):
        encoding = words.tokenizer.encode(piece.text, add_special_tokens=False)
        ids += encoding.ids
        if piece.answer_from < 0:
            labels += [IGNORE] * len(encoding.ids)
            continue
        for token, (_, stop) in zip(encoding.ids, encoding.offsets, strict=True):
            labels.append(token if stop > piece.answer_from else IGNORE)
        ids.append(words.end)
        labels.append(words.end)
    return Encoded(tuple(ids), tuple(labels))


def fit_in(encoded: Encoded, longest: int, image_tokens: int) -> Encoded:
    """Cut a conversation to at most `longest` positions, from its end; what is cut off is not learned.

    Args:
        encoded: the conversation; its image counts `image_tokens` positions.
        longest: most positions.
        image_tokens: positions of the image.
    """
    room = longest - image_tokens + 1
    return Encoded(encoded.ids[:room], encoded.labels[:room])
