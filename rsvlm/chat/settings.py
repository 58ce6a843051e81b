"""Settings of a chat model: in this process, at an OpenAI-compatible address, or one of our own registered models."""

import ipaddress
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SerializerFunctionWrapHandler, StringConstraints, field_validator, model_serializer, model_validator

from rsvlm.settings import Name, Settings

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Price = Annotated[float, Field(ge=0, le=1e6)]
EnvironmentVariable = Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]{0,63}$")]
Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$")]


class Asking(Settings):
    """What all chat models share.

    Attributes:
        most_new_tokens: longest answer; one that is not finished by then is marked as cut off.
        seed: of everything drawn; each request draws from its own generator, keyed by this and by what is asked.
    """

    most_new_tokens: Annotated[int, Field(ge=1, le=32_768)] = 256
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Drawn(Asking):
    """Answers that may be drawn by chance.

    Attributes:
        temperature: 0: the likeliest token every time (greedy).
        top_p: draw from the likeliest tokens that together hold this probability (nucleus sampling); 1: from all.
        top_k: draw from so many of the likeliest tokens, before `top_p` cuts further; absent: from all. OpenAI's own protocol
            does not know it, vLLM does.
    """

    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=1, le=1_000_000)] | None = None

    @model_serializer(mode="wrap")
    def _without_what_is_not_set(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave an absent `top_k` out: kept answers and corpora are named after hashes of these settings from before it."""
        found: dict[str, Any] = dump(self)
        return {name: value for name, value in found.items() if name != "top_k" or value is not None}


class InProcess(Settings):
    """How a model that runs in our own processes is spread.

    Attributes:
        batch: requests computed together.
        workers: processes that each hold the model; 1: this process, without Ray. Answers do not depend on it.
        threads: processor threads of one worker; numbers depend on it in the last bits.
        gpus: share of a GPU that one worker takes; 0: the model stays on the processor.
    """

    batch: Annotated[int, Field(ge=1, le=1024)] = 8
    workers: Annotated[int, Field(ge=1, le=1024)] = 1
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    gpus: Annotated[float, Field(ge=0, le=8)] = 0.0


class LocalSettings(Drawn, InProcess):
    """A causal language model with a chat template, through transformers; it sees no pictures.

    Attributes:
        source: the acquired source with its weights, config and tokenizer.
    """

    kind: Literal["local"]
    source: Name = "smollm2"


class RegisteredSettings(Asking, InProcess):
    """One of our own vision-language models; it answers one question about a picture, greedily.

    Attributes:
        model: the model's published folder, relative to the workspace (`models/geochat/sft`).
        sha256: the hash of that folder's manifest, as the error of a wrong one tells it. With it, a corpus is built by this
            model or not at all, and one built by another is out of date; without it, whatever lies there is asked, and DVC
            does not see that it changed.
    """

    kind: Literal["registered"]
    model: Folder
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class ServedSettings(Drawn):
    """A model behind an address that speaks OpenAI's chat protocol (vLLM and the like).

    Attributes:
        base_url: what stands before `/chat/completions`; plain http only where no key is sent, or inside a private network.
        model: its name there.
        key_variable: the environment variable that holds the key; absent: none is sent.
        concurrent: most requests open at a time.
        per_minute: most requests begun in a minute; absent: no limit.
        timeout: seconds to wait for one answer.
        attempts: tries of one request before it is set aside.
        first_wait: seconds before the second try; doubled each time, with jitter.
        price_in: of a million tokens asked, in any one currency.
        price_out: of a million tokens answered.
    """

    kind: Literal["served"]
    base_url: Annotated[str, StringConstraints(max_length=2000)]
    model: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\w./:@+-]+$")]
    key_variable: EnvironmentVariable | None = None
    concurrent: Annotated[int, Field(ge=1, le=1024)] = 4
    per_minute: Annotated[float, Field(gt=0, le=1e6)] | None = None
    timeout: Seconds = 60.0
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    first_wait: Seconds = 1.0
    price_in: Price = 0.0
    price_out: Price = 0.0

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        """Take an address without anything that could hold a secret."""
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise ValueError("an address with a user name in it; the key comes from the environment, see key_variable")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or not url.isprintable():
            raise ValueError("an address like https://host/v1 is needed, without a query")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _keeps_the_key_secret(self) -> "ServedSettings":
        parts = urlsplit(self.base_url)
        if parts.scheme == "http" and self.key_variable and not is_private(parts.hostname or ""):
            raise ValueError("base_url: a key over plain http is read on the way; use https, or an address of a private network")
        return self


ChatSettings = Annotated[LocalSettings | ServedSettings | RegisteredSettings, Field(discriminator="kind")]


def is_private(host: str) -> bool:
    """Say whether a host name by itself means this machine or a private network."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))
