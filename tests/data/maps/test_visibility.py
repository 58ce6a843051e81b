"""The classifiers of visible tags: fitted from labels, one for whether, one for how far."""

from collections.abc import Sequence

import numpy as np
import pytest

from rsvlm.data.visibility import fit_visibility, text_of_tag
from rsvlm.errors import DataError

LABELS = {
    ("a", "hidden one"): 0.0, ("a", "hidden two"): 0.0, ("b", "tenth"): 0.1, ("b", "fifth"): 0.2, ("b", "half"): 0.6,
    ("b", "whole"): 1.0, ("b", "ten"): 10.0,
}  # fmt: skip


def embed(texts: Sequence[str]) -> np.ndarray:
    """One direction for each value, and a shared one for what is hidden."""
    order = [text_of_tag(*tag) for tag in LABELS]
    rows = np.zeros((len(texts), len(order) + 1))
    for row, text in enumerate(texts):
        rows[row, order.index(text) if text in order else -1] = 3.0
        rows[row, -1] += 3.0 * text.startswith("a: ")
    return rows


@pytest.mark.system("skyscript", 2)
def test_training_tags_get_their_labels_back_and_alike_tags_the_same() -> None:
    visibility = fit_visibility(LABELS, embed, ridge=0.01)
    assert {tag: visibility.largest_gsd(*tag) for tag in LABELS} == LABELS
    assert visibility.largest_gsd("a", "never seen before") == 0.0


def test_the_encoder_is_asked_once_for_a_tag() -> None:
    asked: list[str] = []

    def counting(texts: Sequence[str]) -> np.ndarray:
        asked.extend(texts)
        return embed(texts)

    visibility = fit_visibility(LABELS, counting)
    asked.clear()
    assert {visibility.largest_gsd("b", "ten") for _ in range(3)} == {10.0}
    assert asked == ["b: ten"]


def test_underscores_are_spaces_in_what_is_embedded() -> None:
    assert text_of_tag("man_made", "water_tower") == "man made: water tower"


def test_a_label_that_is_no_distance_is_refused() -> None:
    with pytest.raises(DataError, match=r"tag b=ten: label 3 is none of 0, 0\.1, 0\.2, 0\.6, 1, 10"):
        fit_visibility({**LABELS, ("b", "ten"): 3.0}, embed)
