"""Registered models for the command line: versions, metrics, and asking one a question."""

import base64
import json
import os
from importlib import metadata
from pathlib import Path
from typing import Any

from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.files import canonical_json, write_atomic
from rsvlm.recipes.parameters import load_parameters

# The version that each set of weights was registered as, remembered so that a run with nothing to do need not open MLflow:
# beside the registry's file, so that it goes when the registry goes, or here for a registry elsewhere.
_KNOWN_VERSIONS = "known-versions.json"
_KNOWN_ELSEWHERE = Path(".rsvlm") / _KNOWN_VERSIONS
# What a registered model takes: `MOST_IMAGE_CHARACTERS` of rsvlm.registry.code.requests, before base64.
MOST_IMAGE_BYTES = 15_000_000
# Libraries whose other versions may load the same weights and answer otherwise.
_TELLING = ("torch", "transformers", "diffusers")


def open_registry(root: Path) -> Any:
    """Open the workspace's tracking store; see `rsvlm.registry.database.open_tracking`."""
    from rsvlm.registry.database import open_tracking

    return open_tracking(root, load_parameters(root).tracking)


def registry_file(root: Path) -> Path | None:
    """Return the SQLite file that holds the registry; None where a server or another database does."""
    address = tracking_address(root)
    return root / address.partition(":///")[2] if address.startswith("sqlite:") else None


def tracking_address(root: Path) -> str:
    """Return where runs and models are tracked: the variable RSVLM_TRACKING, else params.yaml."""
    return os.environ.get("RSVLM_TRACKING") or load_parameters(root).tracking


def version_of(root: Path, registration: dict[str, Any]) -> str | None:
    """Return the version under which the weights of a registration stand in the registry; None when they do not."""
    name, digest = registration.get("name"), registration.get("model_sha256")
    if not name or not digest:
        return None
    file = registry_file(root)
    path = file.parent / _KNOWN_VERSIONS if file else root / _KNOWN_ELSEWHERE
    known: dict[str, str] = json.loads(path.read_bytes()) if path.is_file() else {}
    key = f"{tracking_address(root)} {name} {digest}"
    if key not in known:
        from rsvlm.registry.store import find_version

        found = find_version(open_registry(root), name, digest)
        if found is None:
            return None
        known[key] = str(found.version)
        write_atomic(path, canonical_json(known))
    return known[key]


def version_metrics(root: Path, reference: str) -> dict[str, float]:
    """Return the metrics stored with a model version (`name/2`, `name@champion`).

    Raises:
        RsvlmError: there is no such version.
    """
    from rsvlm.registry.store import load_evaluation, resolve

    registry = open_registry(root)
    return dict(load_evaluation(registry, resolve(registry, reference), None).metrics)


class RegisteredModel:
    """A registered model: what the registry says of it at once, and its answers once it is loaded as any MLflow client loads it."""

    def __init__(self, root: Path, reference: str) -> None:
        """Find a version; nothing of it is loaded yet.

        Raises:
            ConfigurationError: there is no such version.
        """
        import mlflow

        from rsvlm.registry.store import resolve

        registry = open_registry(root)
        mlflow.set_tracking_uri(registry.uri)
        version = resolve(registry, reference)
        self.name, self.version, self.family = version.name, str(version.version), version.tags.get("family", "")
        self._address = f"models:/{self.name}/{self.version}"
        self._model: Any = None

    def other_libraries(self) -> list[str]:
        """Return `torch 2.1 (here 2.2)` for each library that decides what answers come out and is not the one it was made with."""
        import mlflow.artifacts
        from mlflow.exceptions import MlflowException

        try:
            pins = Path(mlflow.artifacts.download_artifacts(f"{self._address}/requirements.txt")).read_text(encoding="utf-8")
        except (MlflowException, OSError):  # loading tells what is wrong with its files
            return []
        return differing(pins)

    def load(self) -> None:
        """Load its code and weights.

        Raises:
            RsvlmError: its files are gone or damaged.
        """
        import mlflow
        from mlflow.exceptions import MlflowException

        try:
            self._model = mlflow.pyfunc.load_model(self._address)
        except (MlflowException, OSError) as error:
            raise RsvlmError(f"{self.name} version {self.version} cannot be loaded: {_first_line(error)}") from None

    def ask(self, rows: list[dict[str, Any]], **params: Any) -> list[dict[str, Any]]:
        """Send one request and return its rows.

        Raises:
            ConfigurationError: the model refuses the request.
        """
        import pandas as pd
        from mlflow.exceptions import MlflowException

        try:
            answer = self._model.predict(pd.DataFrame(rows), params=params or None)
        except MlflowException as error:
            raise ConfigurationError(f"{self.name} refuses the request: {_first_line(error)}") from None
        found: list[dict[str, Any]] = answer.to_dict("records")
        return found


def differing(pins: str) -> list[str]:
    """Compare pinned requirements (`name==version`, one a line) with what is installed here; see `RegisteredModel.other_libraries`."""
    pinned = dict(line.strip().split("==", 1) for line in pins.splitlines() if "==" in line)
    found = {name: _installed(name) for name in _TELLING if name in pinned}
    return [f"{name} {pinned[name]} (here {version})" for name, version in found.items() if version != pinned[name]]


def _installed(name: str) -> str:
    """Return a library's version as registration pins it: without the local part (`+cpu`)."""
    try:
        return metadata.version(name).split("+")[0]
    except metadata.PackageNotFoundError:
        return "none"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def read_image(path: Path) -> str:
    """Return a picture's file as base64, as registered models take it.

    Raises:
        ConfigurationError: there is no such file, it is too large, or it is no picture that can be decoded.
    """
    from rsvlm.imagery.pictures import ImageError, decode

    try:
        with path.open("rb") as stream:  # never to its end: a device has none
            data = stream.read(MOST_IMAGE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; --image needs an image file") from None
    if len(data) > MOST_IMAGE_BYTES:
        raise ConfigurationError(f"{path}: more than {MOST_IMAGE_BYTES:,} bytes, which is the most that a model takes; make it smaller")
    try:
        decode(data, str(path))
    except ImageError as error:
        raise ConfigurationError(f"{error}; --image needs an image file") from None
    return base64.b64encode(data).decode()
