"""Registered models for the command line: versions, metrics, and asking one a question."""

import base64
import json
import os
from pathlib import Path
from typing import Any

from rsvlm.errors import ConfigurationError
from rsvlm.files import canonical_json, write_atomic
from rsvlm.recipes.parameters import load_parameters

# The version that each set of weights was registered as, remembered so that a run with nothing to do need not open MLflow.
KNOWN_VERSIONS = Path(".rsvlm/versions.json")


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
    path = root / KNOWN_VERSIONS
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


class LoadedModel:
    """A registered model, loaded the way any MLflow client loads it."""

    def __init__(self, root: Path, reference: str) -> None:
        """Resolve and load a version.

        Raises:
            RsvlmError: there is no such version, or its files are damaged.
        """
        import mlflow

        from rsvlm.registry.store import resolve

        registry = open_registry(root)
        mlflow.set_tracking_uri(registry.uri)
        version = resolve(registry, reference)
        self.name, self.version, self.family = version.name, str(version.version), version.tags.get("family", "")
        self._model = mlflow.pyfunc.load_model(f"models:/{self.name}/{self.version}")

    def ask(self, rows: list[dict[str, Any]], **params: Any) -> list[dict[str, Any]]:
        """Send one request and return its rows."""
        import pandas as pd

        answer = self._model.predict(pd.DataFrame(rows), params=params or None)
        found: list[dict[str, Any]] = answer.to_dict("records")
        return found


def read_image(path: Path) -> str:
    """Return an image file as base64, as registered models take it.

    Raises:
        ConfigurationError: there is no such file.
    """
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; --image needs an image file") from None
