"""Which model is meant, what fixes its answers, and how it is loaded in whatever process it is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.chat.exchange import Answer, Request
from rsvlm.chat.settings import LocalSettings, RegisteredSettings, ServedSettings
from rsvlm.errors import ConfigurationError
from rsvlm.files import sha256_of, verify
from rsvlm.records.unfit import Unfit

Settings = LocalSettings | ServedSettings | RegisteredSettings
Block = Sequence[tuple[str, Request]]
Said = list[Answer | Unfit]


@dataclass(frozen=True)
class Places:
    """Where models are.

    Attributes:
        raw: the item's acquired folder, with `<source>/files`; for kind `local`.
        workspace: the folder that a registered model's path is relative to.
        load: opens a registered model's folder on a device (`rsvlm.instruction.model.load`).
        address: a running Ray cluster; empty: this machine.
    """

    raw: Path | None = None
    workspace: Path | None = None
    load: Callable[[Path, str], Any] | None = None
    address: str = ""


@dataclass(frozen=True)
class Opener:
    """What loads a model: sent to workers by value, so it holds paths and settings, never a model."""

    settings: LocalSettings | RegisteredSettings
    folder: Path
    load: Callable[[Path, str], Any] | None = None

    def open(self) -> Callable[[Block], Said]:
        """Load the model, and return what answers (key, request) pairs in their order."""
        import torch

        from rsvlm.memory import keep_freed_memory

        keep_freed_memory()
        torch.set_num_threads(self.settings.threads)
        device = "cuda" if self.settings.gpus else "cpu"
        if isinstance(self.settings, LocalSettings):
            from rsvlm.chat.local import open_local

            return open_local(self.settings, self.folder, device)
        from rsvlm.chat.registered import open_registered

        assert self.load is not None
        return open_registered(self.settings, self.folder, self.load, device)


def opener_of(settings: LocalSettings | RegisteredSettings, places: Places) -> Opener:
    """Return what loads a model.

    Raises:
        ConfigurationError: a place that this kind needs is not given.
    """
    if isinstance(settings, RegisteredSettings):
        if places.workspace is None or places.load is None:
            raise ConfigurationError("a chat model of kind registered needs the workspace and what opens its models")
        return Opener(settings, places.workspace / settings.model, places.load)
    if places.raw is None:
        raise ConfigurationError("a chat model of kind local needs the folder of acquired sources")
    return Opener(settings, places.raw / settings.source / "files")


def identity_of(settings: Settings, places: Places) -> dict[str, Any]:
    """Return the JSON that fixes the model: the hash of its files, which are verified here, or its address and name.

    Raises:
        ConfigurationError: a place that this kind needs is not given, or another model lies there than the settings name.
        IntegrityError: a file of the model is missing or changed.
    """
    if isinstance(settings, ServedSettings):
        return {"kind": "served", "base_url": settings.base_url, "model": settings.model}
    folder = opener_of(settings, places).folder
    if isinstance(settings, RegisteredSettings):
        found = verify(folder).sha256
        if settings.sha256 not in (None, found):
            advice = "bring that model back, or name this one"
            raise ConfigurationError(f"{folder}: this model is {found}, the recipe asks {settings.sha256}; {advice}")
        return {"kind": "registered", "sha256": found}
    raw, below = folder.parent.parent, f"{settings.source}/files/"
    files = [[f.path, f.size, f.sha256] for f in verify(raw, only=below).files if f.path.startswith(below)]
    if not files:
        raise ConfigurationError(f"{raw}: has no source '{settings.source}'; add it to the sources that are acquired")
    return {"kind": "local", "sha256": sha256_of(files)}


def sampling_of(settings: Settings) -> Mapping[str, Any]:
    """Return the JSON that fixes how an answer is drawn."""
    return settings.model_dump(mode="json", include={"temperature", "top_p", "top_k", "most_new_tokens", "seed"})
