"""Clusters of embeddings, against what lies plainly apart."""

import numpy as np

from rsvlm.quality.groups import alike_groups


def three_bundles(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows near three axes, of different lengths, and which axis each is near."""
    draw = np.random.default_rng(seed)
    kinds = draw.integers(0, 3, 60)
    rows = np.eye(3)[kinds] + draw.normal(0, 0.05, (60, 3))
    return rows * draw.uniform(0.5, 20, (60, 1)), kinds


def test_bundles_of_directions_are_told_apart() -> None:
    rows, kinds = three_bundles()
    labels = alike_groups(rows, 3)
    pairs = set(zip(kinds.tolist(), labels.tolist(), strict=True))
    assert len(pairs) == 3
    assert {label for _, label in pairs} == {0, 1, 2}


def test_the_same_rows_give_the_same_groups() -> None:
    rows, _ = three_bundles()
    assert np.array_equal(alike_groups(rows, 5), alike_groups(rows.astype(np.float32).astype(np.float64), 5))


def test_few_rows() -> None:
    assert alike_groups(np.empty((0, 3)), 4).tolist() == []
    assert alike_groups(np.ones((1, 3)), 4).tolist() == [0]
    assert alike_groups(np.ones((3, 2)), 2).tolist() == [0, 0, 0]


def test_no_group_is_farther_from_its_rows_than_another() -> None:
    rows, _ = three_bundles(3)
    labels = alike_groups(rows, 3)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    centres = np.stack([unit[labels == group].sum(axis=0) for group in range(3)])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    assert np.array_equal(np.argmax(unit @ centres.T, axis=1), labels)
