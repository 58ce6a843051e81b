"""Aliases: who is champion, one promotion at a time, and the way back.

MLflow sets an alias without looking at what it replaces. So every change here holds a lock, reads the champion again
before it acts and again after it, and keeps the replaced version under the alias `previous`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException

from rsvlm.errors import RsvlmError
from rsvlm.registry.database import Tracking, exclusive

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"


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
        alias: champion, challenger, or empty for a refused version, which loses the alias challenger.
        expected: the champion that the decision was made against.

    Raises:
        RsvlmError: somebody else changed the champion meanwhile (another machine, the MLflow page).
    """
    client = tracking.client
    if version_with(tracking, name, CHAMPION) != expected:
        raise RsvlmError(f"{name}: the champion changed while this version was judged; register it again")
    if alias != CHALLENGER and version_with(tracking, name, CHALLENGER) == version:
        client.delete_registered_model_alias(name, CHALLENGER)
    if alias == CHAMPION and expected != version:
        if expected is not None:
            client.set_registered_model_alias(name, PREVIOUS, expected)
        client.set_registered_model_alias(name, CHAMPION, version)
    elif alias == CHALLENGER:
        client.set_registered_model_alias(name, CHALLENGER, version)
    if alias and version_with(tracking, name, alias) != version:
        raise RsvlmError(f"{name}: version {version} did not keep the alias {alias}; somebody else set it: register it again")


def promote(tracking: Tracking, name: str, version: str) -> str | None:
    """Make a version champion by hand, whatever the gates said; return the version it replaces.

    Raises:
        RsvlmError: there is no such version, or it was refused by the gates.
    """
    with promotion_lock(tracking, name):
        try:
            found = tracking.client.get_model_version(name, version)
        except MlflowException:
            raise RsvlmError(f"{name}: no version {version}; `rsvlm models` lists them") from None
        if found.tags.get("verdict") == "refused":
            raise RsvlmError(f"{name}: version {version} was refused: {found.tags.get('reason', '')}; train one that passes its gates")
        champion = version_with(tracking, name, CHAMPION)
        give_alias(tracking, name, version, CHAMPION, champion)
        return champion


def rollback(tracking: Tracking, name: str) -> tuple[str, str]:
    """Make the previous champion the champion again; return (version that is champion now, version rolled back).

    Doing it twice undoes it.

    Raises:
        RsvlmError: there is no previous champion.
    """
    with promotion_lock(tracking, name):
        champion, previous = version_with(tracking, name, CHAMPION), version_with(tracking, name, PREVIOUS)
        if champion is None or previous is None or champion == previous:
            raise RsvlmError(f"{name}: no previous champion to go back to; `rsvlm models` lists the versions and their aliases")
        give_alias(tracking, name, previous, CHAMPION, champion)
        return previous, champion
