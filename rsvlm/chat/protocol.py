"""OpenAI's chat protocol: the body of a request, and what an answer's body says, which is hostile until checked."""

import base64
import json
from typing import Any

from rsvlm.chat.exchange import Answer, Request
from rsvlm.chat.settings import ServedSettings
from rsvlm.records.unfit import Unfit

LONGEST_BODY = 8 << 20  # bytes
_SIGNATURES = ((b"\x89PNG", "image/png"), (b"\xff\xd8", "image/jpeg"), (b"RIFF", "image/webp"))
_SEED_BITS = 31
_MOST_TOKENS = 1 << 31


class Garbled(Exception):
    """A body that is not what the protocol says; it may be right when asked again."""


def body_of(request: Request, settings: ServedSettings, seed: int) -> bytes:
    """Return the JSON body of a request.

    Args:
        request: what is asked; a picture is put after the last message's text, as a data address.
        settings: model, sampling.
        seed: of this request.

    Raises:
        Unfit: the picture is of a kind that the protocol does not carry.
    """
    messages: list[dict[str, Any]] = [{"role": message.role, "content": message.text} for message in request.messages]
    if request.picture is not None:
        address = f"data:{_kind(request.picture)};base64,{base64.b64encode(request.picture).decode()}"
        parts = [{"type": "text", "text": messages[-1]["content"]}, {"type": "image_url", "image_url": {"url": address}}]
        messages[-1]["content"] = parts
    body: dict[str, Any] = {
        "model": settings.model,
        "messages": messages,
        "max_tokens": settings.most_new_tokens,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "seed": seed % (1 << _SEED_BITS),
    }
    if settings.top_k is not None:
        body["top_k"] = settings.top_k
    return json.dumps(body).encode()


def _kind(picture: bytes) -> str:
    found = [kind for signature, kind in _SIGNATURES if picture.startswith(signature)]
    if not found:
        raise Unfit("picture cannot be sent", "neither PNG, JPEG nor WebP")
    return found[0]


def answer_of(body: bytes) -> Answer:
    """Return the answer in a body.

    Raises:
        Garbled: no JSON of the protocol's layout.
        Unfit: the server says that it will not answer this.
    """
    try:
        stored = json.loads(body)
        choice = stored["choices"][0]
        text, reason = choice["message"].get("content"), choice.get("finish_reason")
        usage = stored.get("usage") or {}
        tokens = [usage.get(name, 0) for name in ("prompt_tokens", "completion_tokens")]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise Garbled(f"the answer is not of the protocol ({type(error).__name__})") from None
    if reason == "content_filter":
        raise Unfit("model gave no answer", "the server filtered it")
    if not isinstance(text, str) or not all(_is_count(count) for count in tokens):
        raise Garbled("the answer has no text, or tokens that are no numbers")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Garbled("the answer holds half a character") from None
    return Answer(text.strip(), reason != "length", *tokens)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TOKENS
