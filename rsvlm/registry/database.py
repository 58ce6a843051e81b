"""The MLflow tracking store: where it is, and opening it safely, however many processes start at once."""

import contextlib
import fcntl
import logging
import os
import socket
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import DatabaseError

from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.files import explain_write_errors

VARIABLE = "RSVLM_TRACKING"
_SCHEMES = ("sqlite", "postgresql", "mysql", "http", "https")
_REACH_SECONDS = 3.0


@dataclass(frozen=True)
class Tracking:
    """An open tracking store.

    Attributes:
        client: MLflow's client for it (runs, models, registry).
        uri: its address, absolute.
        artifacts: folder or address below which artefacts of new experiments go; empty where a server decides.
        locks: a folder on this machine for the locks of this store.
    """

    client: MlflowClient
    uri: str
    artifacts: str
    locks: Path


def tracking_uri(root: Path, configured: str) -> str:
    """Return the address of the tracking store; `RSVLM_TRACKING` wins, a relative SQLite path is below `root`.

    Raises:
        ConfigurationError: a scheme that is not allowed (MLflow's file store is not).
    """
    uri = os.environ.get(VARIABLE) or configured
    scheme = urlsplit(uri).scheme.split("+")[0]
    if scheme not in _SCHEMES:
        raise ConfigurationError(f"tracking: '{_without_password(uri)}'; allowed: {', '.join(f'{name}://' for name in _SCHEMES)}")
    if scheme == "sqlite":
        path = Path(uri.partition(":///")[2])
        return f"sqlite:///{path if path.is_absolute() else root.resolve() / path}"
    return uri


def open_tracking(root: Path, configured: str) -> Tracking:
    """Open the tracking store of a workspace; a database is made or migrated by one process while others wait.

    Args:
        root: the workspace.
        configured: the address from `params.yaml`.

    Raises:
        ConfigurationError: the address is not allowed.
        RsvlmError: it cannot be reached, or is damaged; one line with the remedy.
    """
    uri = tracking_uri(root, configured)
    _quiet_defaults()
    if uri.startswith("http"):
        _reach(uri)
        return Tracking(MlflowClient(uri, registry_uri=uri), uri, "", _made(root / ".rsvlm/locks"))
    if not uri.startswith("sqlite"):
        return Tracking(ensure_database(uri, root / ".rsvlm/locks"), uri, f"{root.resolve()}/mlruns/artifacts", root / ".rsvlm/locks")
    folder = Path(uri.removeprefix("sqlite:///")).parent
    return Tracking(ensure_database(uri, folder), uri, str(folder / "artifacts"), folder)


def ensure_database(uri: str, locks: Path) -> MlflowClient:
    """Return a client of a database that is there and of this MLflow's schema.

    MLflow migrates on first use and fails when several processes do so at once, so the first use is under a lock.

    Raises:
        RsvlmError: the database is damaged, of a newer MLflow, or may not be written.
    """
    with exclusive(_made(locks) / "migration.lock"), _explain_database_errors(uri):
        client = MlflowClient(uri, registry_uri=uri)
        try:
            client.search_experiments(max_results=1)
        except MlflowException as error:
            if "out-of-date database schema" not in str(error):
                raise
            _upgrade(uri)
            client.search_experiments(max_results=1)
        return client


def experiment_of(tracking: Tracking, name: str) -> str:
    """Return the id of the experiment with this name, made if needed, its artefacts below the store's own folder."""
    with exclusive(tracking.locks / "experiments.lock"), _explain_database_errors(tracking.uri):
        found = tracking.client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = f"{Path(tracking.artifacts).as_uri()}/{name}" if tracking.artifacts else None
        return str(tracking.client.create_experiment(name, artifact_location=location))


def metric_key(key: str) -> str:
    """Return a metric's key in the characters that MLflow takes."""
    return key.replace("@", "_at_")


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file; other processes of this machine wait. The system lets go of it when the process ends."""
    with explain_write_errors(path), path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _made(folder: Path) -> Path:
    with explain_write_errors(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise RsvlmError(f"{folder}: a file stands where the tracking store's folder goes; move it away") from None
    return folder


def _upgrade(uri: str) -> None:
    from mlflow.store.db.utils import _upgrade_db, create_sqlalchemy_engine_with_retry

    _upgrade_db(create_sqlalchemy_engine_with_retry(uri))


def _quiet_defaults() -> None:
    """Bound how long an unreachable server may hold up a stage, and hear of faults only; what the user set stays."""
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")


def _reach(uri: str) -> None:
    parts = urlsplit(uri)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), _REACH_SECONDS).close()
    except OSError as error:
        address = f"{parts.hostname}:{port}"
        raise RsvlmError(f"tracking server {address} cannot be reached ({error}); start it, or set tracking in params.yaml") from None


@contextlib.contextmanager
def _explain_database_errors(uri: str) -> Iterator[None]:
    remedy = "restore it from a backup, or move it away to start an empty one"
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        raise RsvlmError(f"tracking database {_without_password(uri)}: {_first_line(error)}; {remedy}") from None
    except MlflowException as error:
        if isinstance(error.__cause__ or error.__context__, DatabaseError) or "database" in str(error):
            raise RsvlmError(f"tracking database {_without_password(uri)}: {_first_line(error)}; {remedy}") from None
        raise


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return uri.replace(f":{parts.password}@", ":***@") if parts.password else uri
