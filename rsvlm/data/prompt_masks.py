"""The mask image of a question about marks, drawn from what its record stores."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rsvlm.conversations.formats.marks import draw, geometry_of


def prompt_mask(record: Mapping[str, Any], position: int) -> np.ndarray:
    """Return the mask (height, width), uint8, of a record's conversation: k where mark k lies, 0 elsewhere.

    Args:
        record: the JSON of a record of visual prompts.
        position: of the conversation in it.

    Raises:
        Unfit: the record's prompts are malformed, or one of them is not visible.
        IndexError: there is no such conversation.
    """
    width, height = int(record["width"]), int(record["height"])
    marks = [geometry_of(fields, width, height) for fields in record["facts"]["prompts"][position]]
    return draw(marks, width, height)
