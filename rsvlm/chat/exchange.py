"""What is asked and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from rsvlm.files import sha256_of

Role = Literal["system", "user", "assistant"]
_FORMAT = 1  # raised when answers to the same question would come out otherwise


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True)
class Request:
    """One question to a chat model.

    Attributes:
        id: the caller's name for it; no part of what is asked.
        messages: the conversation so far; the last one is the user's.
        picture: an encoded picture (JPEG, PNG, ...) that the last message is about, or None.
        draw: number of the draw, where several answers to the same question are wanted.
    """

    id: str
    messages: tuple[Message, ...]
    picture: bytes | None = None
    draw: int = 0


@dataclass(frozen=True)
class Answer:
    """What a model said.

    Attributes:
        text: as it came, without special tokens.
        finished: the model ended by itself; otherwise it was cut off at the longest length.
        tokens_in: tokens that were read.
        tokens_out: tokens that were written.
    """

    text: str
    finished: bool
    tokens_in: int
    tokens_out: int


def key_of(request: Request, identity: Mapping[str, Any], sampling: Mapping[str, Any]) -> str:
    """Return the hex sha256 that an answer is kept under: model, messages, picture, sampling settings and draw.

    Args:
        request: what is asked; its id is no part of it.
        identity: JSON that fixes the model.
        sampling: JSON that fixes how an answer is drawn, with the seed.
    """
    asked = {
        "format": _FORMAT,
        "model": dict(identity),
        "messages": [[message.role, message.text] for message in request.messages],
        "picture": sha256(request.picture).hexdigest() if request.picture is not None else None,
        "sampling": dict(sampling),
        "draw": request.draw,
    }
    return sha256_of(asked)


def seed_from(key: str, bits: int = 63) -> int:
    """Return the seed of the one request that has this key, in [0, 2**bits)."""
    return int(key, 16) >> (256 - bits)
