"""Aliases: who is champion, one promotion at a time, and the way back.

MLflow sets an alias without looking at what it replaces. So every change here holds a lock, reads the champion again
before it acts and again after it, and keeps the replaced version under the alias `previous`. A change by hand also proves
the files of the version first, and leaves with it what was decided and why.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.registry.database import Tracking, exclusive
from rsvlm.registry.store import check_whole, resolve, set_tags

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
_NO_VERSION = "none"
_ROLLED_BACK = "rolled_back"


@dataclass(frozen=True)
class Promotion:
    """A change of champion by hand.

    Attributes:
        name: the registered model.
        version: its champion now.
        replaced: the champion before, kept under the alias `previous`; None where there was none, or nothing changed.
        verdict: what the gates said of `version`; empty when they were not asked.
        reason: why, as given.
        changed: whether `version` was not the champion already.
    """

    name: str
    version: str
    replaced: str | None
    verdict: str
    reason: str
    changed: bool


@contextmanager
def promotion_lock(tracking: Tracking, name: str) -> Iterator[None]:
    """Hold the one right to change the aliases of a registered model."""
    with exclusive(tracking.locks / f"promote-{name}.lock"):
        yield


def version_with(tracking: Tracking, name: str, alias: str) -> str | None:
    """Return the version that carries an alias, None where none does."""
    try:
        return str(tracking.client.get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def give_alias(tracking: Tracking, name: str, version: str, alias: str, expected: str | None) -> None:
    """Give a version the alias that was decided for it. The caller holds the lock.

    Args:
        tracking: the open store.
        name: the registered model.
        version: the version decided on.
        alias: champion, challenger, or empty for a refused version. A champion, also one made by hand, is no challenger.
        expected: the champion that the decision was made against.

    Raises:
        RsvlmError: somebody else changed the champion meanwhile (another machine, the MLflow page).
    """
    client = tracking.client
    if version_with(tracking, name, CHAMPION) != expected:
        raise RsvlmError(f"{name}: the champion changed while this version was judged; run this again")
    if (alias != CHALLENGER or expected == version) and version_with(tracking, name, CHALLENGER) == version:
        client.delete_registered_model_alias(name, CHALLENGER)
    if expected == version:
        return
    if alias == CHAMPION:
        if expected is not None:
            client.set_registered_model_alias(name, PREVIOUS, expected)
        client.set_registered_model_alias(name, CHAMPION, version)
    elif alias == CHALLENGER:
        client.set_registered_model_alias(name, CHALLENGER, version)
    if alias and version_with(tracking, name, alias) != version:
        raise RsvlmError(f"{name}: version {version} did not keep the alias {alias}; somebody else set it: run this again")


def promote(tracking: Tracking, reference: str, reason: str = "", *, force: bool = False) -> Promotion:
    """Make a version champion by hand.

    Args:
        tracking: the open store.
        reference: `name` (its challenger), `name/version` or `name@alias`.
        reason: why; kept with the version.
        force: also a version that the gates did not let through; needs a reason.

    Raises:
        ConfigurationError: there is no such version, the gates did not let it through, or force has no reason.
        IntegrityError: its files are not whole.
        RsvlmError: somebody else changed the champion meanwhile.
    """
    reason = " ".join(reason.split())
    if force and not reason:
        raise ConfigurationError("a promotion by force needs a reason, which is kept with the version: --force --reason TEXT")
    name = _wanted(tracking, reference).name
    with promotion_lock(tracking, name):
        found = _wanted(tracking, reference)  # again: while this waited, the alias may have gone to another version
        if not force:
            _check_verdict(found)
        check_whole(tracking, found)
        return _make_champion(tracking, found, reason)


def rollback(tracking: Tracking, name: str) -> Promotion:
    """Make the previous champion the champion again. Doing it twice undoes it.

    The version that was rolled back becomes champion again only by hand, however often it is registered again.

    Raises:
        ConfigurationError: there is no such model, or no previous champion.
        IntegrityError: the files of the previous champion are not whole.
        RsvlmError: somebody else changed the champion meanwhile.
    """
    try:
        tracking.client.get_registered_model(name)
    except MlflowException:
        raise ConfigurationError(
            f"no registered model '{name}'; a rollback takes a model's name alone; `rsvlm models` lists them"
        ) from None
    with promotion_lock(tracking, name):
        champion, previous = version_with(tracking, name, CHAMPION), version_with(tracking, name, PREVIOUS)
        if champion is None or previous is None or champion == previous:
            raise ConfigurationError(f"{name}: no previous champion to go back to; `rsvlm models` lists the versions and their aliases")
        found = resolve(tracking, f"{name}/{previous}")
        check_whole(tracking, found)
        set_tags(tracking, name, champion, {_ROLLED_BACK: "true"})
        return _make_champion(tracking, found, f"rollback from version {champion}")


def is_rolled_back(version: ModelVersion) -> bool:
    """Whether somebody took the alias of champion away from a version, and nobody gave it back."""
    return version.tags.get(_ROLLED_BACK) == "true"


def _wanted(tracking: Tracking, reference: str) -> ModelVersion:
    if "/" in reference or "@" in reference:
        return resolve(tracking, reference)
    try:
        return resolve(tracking, f"{reference}@{CHALLENGER}")
    except ConfigurationError:
        raise ConfigurationError(f"no challenger of '{reference}'; write name/version; `rsvlm models` lists them") from None


def _check_verdict(version: ModelVersion) -> None:
    verdict = version.tags.get("verdict")
    if verdict in (CHAMPION, CHALLENGER):
        return
    judged = f"was refused: {' '.join(version.tags.get('reason', '').split())}" if verdict else "was never judged by the gates"
    raise ConfigurationError(f"{version.name}: version {version.version} {judged}; promote another, or this one by --force --reason TEXT")


def _make_champion(tracking: Tracking, found: ModelVersion, reason: str) -> Promotion:
    """Store why a version is promoted and give it the alias. The caller holds the lock and has proved its files."""
    name, version, verdict = found.name, str(found.version), found.tags.get("verdict", "")
    champion = version_with(tracking, name, CHAMPION)
    if champion == version:
        return Promotion(name, version, None, verdict, reason, changed=False)
    # Before the alias: a process killed in between leaves a note without a champion, never a champion without a note.
    note = {"promoted_from": champion or _NO_VERSION, "promoted_reason": reason, "promoted_verdict": verdict}
    set_tags(tracking, name, version, {**note, _ROLLED_BACK: "false"})
    give_alias(tracking, name, version, CHAMPION, champion)
    return Promotion(name, version, champion, verdict, reason, changed=True)
