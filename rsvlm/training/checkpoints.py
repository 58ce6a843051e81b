"""Checkpoints of a running training: whole or absent, verified before use, the last few kept."""

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rsvlm.errors import IntegrityError
from rsvlm.files import publish, readable_json, remove, verify, write_atomic

logger = logging.getLogger(__name__)
_STATE = "state.json"


def save(folder: Path, step: int, state: Mapping[str, Any], write: Callable[[Path], None], keep: int) -> None:
    """Publish the checkpoint after `step` steps, then remove all but the newest `keep`.

    Args:
        folder: where the checkpoints of this run are.
        step: steps done.
        state: what is JSON: the history, counters.
        write: writes the tensors into the folder that it is given.
        keep: checkpoints to keep.
    """
    with publish(folder / f"step-{step:09d}", {"step": step}) as partial:
        write(partial)
        write_atomic(partial / _STATE, readable_json({"step": step, **state}))
    for old in _all(folder)[:-keep]:
        remove(old)


def latest(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """Return the newest checkpoint that verifies, with its state, or None; damaged ones are named in the log and skipped."""
    for path in reversed(_all(folder)):
        try:
            verify(path)
            state: dict[str, Any] = json.loads((path / _STATE).read_bytes())
            return path, state
        except IntegrityError as error:
            logger.warning("checkpoint skipped: %s", error)
            remove(path)
    return None


def _all(folder: Path) -> list[Path]:
    """Return the published checkpoints, oldest first; what a kill left half-written has another name."""
    return sorted(folder.glob("step-*"))
