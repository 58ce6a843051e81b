"""Versions of registered models: logged once for each set of weights, found by their hash, listed and compared."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
import mlflow.artifacts
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities import LoggedModelStatus, Metric
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.utils.file_utils import local_file_uri_to_path
from PIL import Image

from rsvlm.errors import ConfigurationError, DataError, IntegrityError, RsvlmError
from rsvlm.files import Manifest, explain_write_errors, sha256_of, verify
from rsvlm.registry.database import Tracking, metric_key
from rsvlm.registry.gates import Evaluation
from rsvlm.registry.package import WEIGHTS, write_package
from rsvlm.registry.settings import PerSample

EVALUATION = "evaluation"
_LONGEST_DESCRIPTION = 4_900
_LONGEST_TAG = 4_900


@dataclass(frozen=True)
class Candidate:
    """A model on its way into the registry.

    Attributes:
        name: the registered model's name.
        family: its family of systems.
        model: the published model folder.
        sha256: hash of that folder's files.
        metrics: flat metrics.
        evidence: the evaluation's evidence folder.
        kept: files of the evidence that travel with the version (predictions for later comparisons).
        card: the model card, Markdown.
        picture: a real image for the input example.
        tags: tags of the version.
    """

    name: str
    family: str
    model: Path
    sha256: str
    metrics: Mapping[str, float]
    evidence: Path
    kept: tuple[str, ...]
    card: str
    picture: Image.Image
    tags: Mapping[str, str] = field(default_factory=dict)


def content_hash(manifest: Manifest) -> str:
    """Return the hash of a model's files alone: the same weights are the same version, whatever run they came from."""
    return sha256_of([[entry.path, entry.size, entry.sha256] for entry in manifest.files])


def find_version(tracking: Tracking, name: str, sha256: str) -> ModelVersion | None:
    """Return the newest version of a registered model with these weights, None where there is none."""
    found = tracking.client.search_model_versions(f"name = '{name}' and tags.model_sha256 = '{sha256}'")
    return max(found, key=lambda version: int(version.version), default=None)


def log_version(tracking: Tracking, experiment: str, run_id: str, candidate: Candidate) -> str:
    """Register a model, or bring an existing version of the same weights up to date; return its version.

    Args:
        tracking: the open store.
        experiment: id of the experiment that holds the logged model.
        run_id: the run that the version is linked to.
        candidate: what to register.

    Raises:
        IntegrityError: the model folder is not whole.
        RsvlmError: the disk is full or may not be written.
    """
    client = tracking.client
    found = find_version(tracking, candidate.name, candidate.sha256)
    if found is None:
        model_id = _logged_model(tracking, experiment, run_id, candidate)
        _registered_model(tracking, candidate.name)
        source, tags = f"models:/{model_id}", {"model_sha256": candidate.sha256}
        with _as_default(tracking):
            found = client.create_model_version(candidate.name, source, run_id=run_id, tags=tags, model_id=model_id)
    else:
        _log_evaluation(tracking, _model_id(found), candidate)
    describe_version(tracking, candidate.name, str(found.version), candidate.tags, candidate.card)
    return str(found.version)


def describe_version(tracking: Tracking, name: str, version: str, tags: Mapping[str, str], card: str) -> None:
    """Set a version's tags and its description, cut to what every database takes."""
    set_tags(tracking, name, version, tags)
    text = card if len(card) <= _LONGEST_DESCRIPTION else card[:_LONGEST_DESCRIPTION] + "\n\n(cut; the whole card is card.md)"
    tracking.client.update_model_version(name, version, text)


def set_tags(tracking: Tracking, name: str, version: str, tags: Mapping[str, str]) -> None:
    """Set tags of a version, cut to what every database takes."""
    for key, value in sorted(tags.items()):
        tracking.client.set_model_version_tag(name, version, key, value[:_LONGEST_TAG])


@contextlib.contextmanager
def _as_default(tracking: Tracking) -> Iterator[None]:
    """Make a store MLflow's default for a moment: it looks up a version's source there, not where its client points."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(tracking.uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)


def _registered_model(tracking: Tracking, name: str) -> None:
    try:
        tracking.client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _logged_model(tracking: Tracking, experiment: str, run_id: str, candidate: Candidate) -> str:
    """Return a finished logged model of these weights; one that a killed process left half-made is removed."""
    client = tracking.client
    for left in client.search_logged_models([experiment], filter_string=f"tags.model_sha256 = '{candidate.sha256}'"):
        if left.status == LoggedModelStatus.READY:
            return str(left.model_id)
        client.delete_logged_model(left.model_id)
    tags = {"model_sha256": candidate.sha256}
    logged = client.create_logged_model(experiment, candidate.name, source_run_id=run_id, tags=tags, model_type=candidate.family)
    identity = Model(artifact_path=logged.artifact_location, run_id=run_id, model_uuid=logged.model_id, model_id=logged.model_id)
    local = _local_path(logged.artifact_location)
    staging = (local or tracking.locks / logged.model_id).with_name(f".staging-{logged.model_id}")
    with explain_write_errors(staging):
        try:
            staging.parent.mkdir(parents=True, exist_ok=True)
            write_package(staging, candidate.family, candidate.model, candidate.picture, identity)
            _write_evaluation(staging / EVALUATION, candidate)
            if local is not None:
                os.rename(staging, local)
            else:
                client.log_model_artifacts(logged.model_id, str(staging))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    _log_metrics(tracking, run_id, logged.model_id, candidate.metrics)
    return str(logged.model_id)


def _local_path(location: str) -> Path | None:
    return Path(local_file_uri_to_path(location)) if location.startswith(("file:", "/")) else None


def _log_metrics(tracking: Tracking, run_id: str, model_id: str, metrics: Mapping[str, float]) -> None:
    now = tracking.client.get_run(run_id).info.start_time
    logged = [Metric(metric_key(key), value, now, 0, model_id=model_id) for key, value in sorted(metrics.items())]
    tracking.client.log_batch(run_id, metrics=logged)


def _write_evaluation(folder: Path, candidate: Candidate) -> None:
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(dict(candidate.metrics), sort_keys=True, indent=1))
    (folder / "card.md").write_text(candidate.card, encoding="utf-8")
    for name in candidate.kept:
        shutil.copyfile(candidate.evidence / name, folder / name)


def _log_evaluation(tracking: Tracking, model_id: str, candidate: Candidate) -> None:
    """Replace the evaluation that travels with a version by a newer one of the same weights."""
    folder = tracking.locks / f".evaluation-{model_id}-{os.getpid()}"
    try:
        _write_evaluation(folder, candidate)
        tracking.client.log_model_artifacts(model_id, str(folder), EVALUATION)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _model_id(version: ModelVersion) -> str:
    """Return the id of the logged model behind a version (MLflow leaves `model_id` empty on some)."""
    return str(version.source).removeprefix("models:/").split("/")[0]


def check_whole(tracking: Tracking, version: ModelVersion) -> None:
    """Prove that a version can be served and compared: its package is there, its weights are those that were registered.

    Raises:
        IntegrityError: a file is missing or has other bytes.
    """
    subject = f"{version.name} version {version.version}"
    try:
        location = tracking.client.get_logged_model(_model_id(version)).artifact_location
        with _package(tracking, location) as folder:
            for needed in ("MLmodel", f"{EVALUATION}/metrics.json"):
                if not (folder / needed).is_file():
                    raise IntegrityError(f"no {needed}")
            found = content_hash(verify(folder / WEIGHTS))
    except (IntegrityError, MlflowException, OSError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0].partition("; make ")[0]
        raise IntegrityError(f"{subject}: its files are not whole ({line}); restore them, or choose another version") from None
    if found != version.tags.get("model_sha256"):
        raise IntegrityError(f"{subject}: its files are not the ones that were registered; restore them, or choose another version")


@contextlib.contextmanager
def _package(tracking: Tracking, location: str) -> Iterator[Path]:
    """Yield the folder of a logged model; one that is not on this machine is fetched and removed again."""
    local = _local_path(location)
    if local is not None:
        yield local
        return
    with tempfile.TemporaryDirectory(dir=tracking.locks) as folder:
        yield Path(mlflow.artifacts.download_artifacts(artifact_uri=location, tracking_uri=tracking.uri, dst_path=folder))


def load_evaluation(tracking: Tracking, version: ModelVersion, samples: PerSample | None) -> Evaluation:
    """Return what a version was measured at, with the main metric's values by sample where they were kept.

    Raises:
        RsvlmError: its artefacts are gone; the registry still lists it.
    """
    try:
        location = tracking.client.get_logged_model(_model_id(version)).artifact_location
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=f"{location}/{EVALUATION}", tracking_uri=tracking.uri))
        metrics: dict[str, float] = json.loads((folder / "metrics.json").read_bytes())
    except (MlflowException, OSError) as error:
        raise RsvlmError(
            f"{version.name} version {version.version}: its artefacts are missing ({str(error).splitlines()[0][:120]}); "
            "restore them, or give the alias champion to another version"
        ) from None
    path = folder / samples.file if samples else None
    return Evaluation(metrics, read_samples(path, samples) if samples and path and path.is_file() else {})


def read_samples(path: Path, samples: PerSample) -> dict[str, float]:
    """Return the score of each sample from a predictions file.

    Raises:
        DataError: the file lacks the columns, or an id is there twice.
    """
    try:
        table = pq.read_table(path, columns=[samples.key, samples.score])
        keys, scores = table.column(samples.key).to_pylist(), table.column(samples.score).to_pylist()
        found = {str(key): float(score) for key, score in zip(keys, scores, strict=True) if score is not None}
    except (pa.ArrowInvalid, KeyError, OSError, TypeError, ValueError) as error:
        raise DataError(f"{path}: no columns {samples.key} and {samples.score} of one number a sample ({str(error)[:120]})") from None
    if len(found) < len([score for score in scores if score is not None]):
        raise DataError(f"{path}: column {samples.key} holds an id twice; one score a sample is needed")
    return found


def list_models(tracking: Tracking) -> list[dict[str, Any]]:
    """Return every version of every registered model: name, version, aliases, verdict, main metric, licence, created.

    `created` is milliseconds since 1970 (UTC); `value` is None where the version was not measured.
    """
    rows: list[dict[str, Any]] = []
    for model in sorted(tracking.client.search_registered_models(max_results=1000), key=lambda found: found.name):
        aliases: dict[str, list[str]] = {}
        for alias, version in sorted(tracking.client.get_registered_model(model.name).aliases.items()):
            aliases.setdefault(str(version), []).append(alias)
        versions = tracking.client.search_model_versions(f"name = '{model.name}'", max_results=10_000)
        rows.extend(_row(version, aliases) for version in sorted(versions, key=lambda found: -int(found.version)))
    return rows


def _row(version: ModelVersion, aliases: Mapping[str, list[str]]) -> dict[str, Any]:
    tags = version.tags
    value = tags.get("main_value")
    return {
        "name": version.name,
        "version": int(version.version),
        "aliases": aliases.get(str(version.version), []),
        "verdict": tags.get("verdict", ""),
        "reason": tags.get("reason", ""),
        "metric": tags.get("main_metric", ""),
        "value": float(value) if value else None,
        "licence": tags.get("licence", ""),
        "model_sha256": tags.get("model_sha256", ""),
        "git_commit": tags.get("git_commit", ""),
        "created": version.creation_timestamp,
    }


def resolve(tracking: Tracking, reference: str) -> ModelVersion:
    """Return the version behind `name@alias`, `name/3`, or `name` (its champion).

    Raises:
        ConfigurationError: there is no such version.
    """
    name, _, alias = reference.partition("@")
    name, _, number = name.partition("/")
    try:
        if number:
            return tracking.client.get_model_version(name, number)
        return tracking.client.get_model_version_by_alias(name, alias or "champion")
    except MlflowException:
        raise ConfigurationError(
            f"no registered model '{reference}'; write name@alias or name/version; `rsvlm models` lists them"
        ) from None
