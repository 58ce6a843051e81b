import math

import numpy as np
import pytest

from rsvlm.errors import DataError
from rsvlm.quality.landscape import class_shape_index, edge_length, proportional_counts, sample_cells, sample_counts, shape_index


def test_a_single_square_has_index_one():
    for side in (1, 2, 5):
        assert shape_index(np.zeros((side, side), dtype=int)) == 1.0


def test_a_cross_of_five_cells_by_hand():
    cross = np.array([[-1, 0, -1], [0, 0, 0], [-1, 0, -1]])
    assert edge_length(cross) == 12
    assert shape_index(cross) == pytest.approx(0.25 * 12 / math.sqrt(5))


def test_a_checkerboard_by_hand():
    """Four sides inside and eight of the border; each class has two cells with all of their eight sides."""
    board = np.array([[0, 1], [1, 0]])
    assert edge_length(board) == 12
    assert shape_index(board) == 1.5
    assert class_shape_index(board, 1) == pytest.approx(0.25 * 8 / math.sqrt(2))
    assert class_shape_index(board, 9) == 0.0


def test_no_data_is_outside():
    assert edge_length(np.array([[0, -1], [0, -7]])) == edge_length(np.array([[0], [0]])) == 6
    assert shape_index(np.full((3, 3), -1)) == 0.0


def test_samples_are_split_whole_and_exact():
    assert proportional_counts({"a": 1.0, "b": 1.0, "c": 1.0}, 10) == {"a": 4, "b": 3, "c": 3}
    assert proportional_counts({"a": 0.5, "b": 0.3, "c": 0.2}, 7) == {"a": 4, "b": 2, "c": 1}  # 3.5, 2.1, 1.4
    assert proportional_counts({"a": 0.0, "b": 2.0}, 5) == {"a": 0, "b": 5}
    assert proportional_counts({"a": 0.0}, 0) == {"a": 0}
    for weights in ({"a": 0.0}, {"a": -1.0, "b": 2.0}, {"a": math.nan}, {}):
        with pytest.raises(DataError, match="cannot split"):
            proportional_counts(weights, 3)


def test_varied_regions_and_ragged_classes_get_more():
    regions = np.repeat([[0, 1]], 4, axis=0).repeat(4, axis=1)
    cover = np.zeros((4, 8), dtype=int)
    cover[:, 4:] = np.indices((4, 4)).sum(axis=0) % 2  # a checkerboard in region 1
    # Region 0: LSI 1. Region 1: 24 sides inside, 16 at the border: 0.25 * 40 / 4 = 2.5. Its classes are alike.
    assert sample_counts(regions, cover, 70) == {(0, 0): 20, (1, 0): 25, (1, 1): 25}
    with pytest.raises(DataError, match="one shape"):
        sample_counts(regions, cover[:2], 70)


def test_cells_are_drawn_inside_the_mask_without_repetition():
    mask = np.zeros((20, 20), dtype=bool)
    mask[3:9, 4:16] = True
    drawn = sample_cells(mask, 30, seed=1, name="region 4")
    assert len({tuple(cell) for cell in drawn.tolist()}) == 30
    assert mask[tuple(drawn.T)].all()
    assert drawn.tolist() == sample_cells(mask, 30, seed=1, name="region 4").tolist()
    assert drawn.tolist() != sample_cells(mask, 30, seed=1, name="region 5").tolist()
    assert len(sample_cells(mask, 1000, seed=1, name="all")) == 72
