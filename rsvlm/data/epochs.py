"""Which caption of a record with ranked captions is used in an epoch of training."""

from collections.abc import Mapping
from typing import Any

from rsvlm.quality.balance import caption_of_epoch


def epoch_caption(record: Mapping[str, Any], epoch: int, *, seed: int) -> str:
    """Return a record's caption for an epoch: the best-ranked or the rotation-invariant one, each equally likely (RS5M).

    Where a record has no ranking, each of its captions is equally likely.

    Args:
        record: a pair with its captions.
        epoch: 0, 1, ...
        seed: of the draw.

    Raises:
        ValueError: the record has no caption.
    """
    facts = record.get("facts") or {}
    ranked = record.get("method") == "ranked"
    options = [int(facts["best"]), int(facts["invariant"])] if ranked else list(range(len(record["captions"])))
    return str(record["captions"][caption_of_epoch(str(record["id"]), options, epoch, seed=seed)])
