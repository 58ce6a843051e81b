import math

import numpy as np
import pytest

from rsvlm.errors import DataError
from rsvlm.quality.spatial import contiguity_weights, getis_ord, morans_i, spots

LIGHTS = np.array([[3, 1, 4, 1], [5, 9, 2, 6], [5, 3, 5, 8]], dtype=float)
GRID = np.arange(12).reshape(3, 4)


def test_a_chain_of_four_by_hand():
    """1 2 3 4 in a row: deviations -1.5 -0.5 0.5 1.5, products of neighbours 0.75 - 0.25 + 0.75, each counted twice."""
    _, weights = contiguity_weights(np.array([[0, 1, 2, 3]]))
    values = np.array([1.0, 2, 3, 4])
    found = morans_i(values, weights)
    assert found.value == pytest.approx(4 / 6 * 2.5 / 5)
    assert found.expected == pytest.approx(-1 / 3)
    # Gi* of the ends: (3 - 2 * 2.5) / (sqrt(1.25) * sqrt((4 * 2 - 4) / 3)); of the others (6 - 7.5) / sqrt(1.25).
    assert getis_ord(values, weights) == pytest.approx([-math.sqrt(2.4), -1.5 / math.sqrt(1.25), 1.5 / math.sqrt(1.25), math.sqrt(2.4)])


def test_a_grid_as_esda_2_10_has_it():
    """Reference values of esda's Moran (z under normality) and G_Local (star, binary weights), queen contiguity."""
    _, binary = contiguity_weights(GRID, gamma=0.0)
    found = morans_i(LIGHTS.ravel(), binary)
    assert (found.value, found.z) == pytest.approx((-0.12166558230318801, -0.24234150806577637))
    expected = [0.1610695385, -0.4555734516, -0.6833601774, -1.0469520001, 0.0, -0.5260509098]
    expected += [0.0, 0.0, 1.1274867694, 0.6833601774, 1.5945070806, 0.8858824616]
    assert getis_ord(LIGHTS.ravel(), binary) == pytest.approx(expected, abs=1e-9)
    _, inverse = contiguity_weights(GRID, gamma=1.0)
    found = morans_i(LIGHTS.ravel(), inverse)
    assert (found.value, found.z) == pytest.approx((-0.15015417473952294, -0.4487111141506417))


def test_weights_fall_with_distance_and_corners_count():
    numbers, weights = contiguity_weights(np.array([[7, 7, 9], [7, 7, -1], [-1, 4, 4]]), gamma=2.0)
    assert numbers.tolist() == [4, 7, 9]
    # Centres: 4 at (2, 1.5), 7 at (0.5, 0.5), 9 at (0, 2). 4 and 9 do not touch.
    expected = [[0, 1 / (1.5**2 + 1), 0], [1 / (1.5**2 + 1), 0, 1 / (0.5**2 + 1.5**2)], [0, 1 / (0.5**2 + 1.5**2), 0]]
    assert weights.toarray() == pytest.approx(np.array(expected))


def test_gi_star_by_naive_loop():
    _, weights = contiguity_weights(GRID, gamma=1.5)
    dense, values = weights.toarray(), LIGHTS.ravel()
    mean, spread, count = values.mean(), values.std(), 12
    for i, found in enumerate(getis_ord(values, weights, own=2.0)):
        w = [2.0 if i == j else dense[i, j] for j in range(count)]
        total, squares = sum(w), sum(weight**2 for weight in w)
        above = sum(weight * value for weight, value in zip(w, values, strict=True)) - mean * total
        assert found == pytest.approx(above / (spread * math.sqrt((count * squares - total**2) / (count - 1))))


def test_one_bright_corner_is_a_hot_spot():
    lights = np.ones((10, 10))
    lights[:3, :3] = 50
    _, weights = contiguity_weights(np.arange(100).reshape(10, 10), gamma=0.0)
    assert morans_i(lights.ravel(), weights).z > 5
    found = spots(getis_ord(lights.ravel(), weights)).reshape(10, 10)
    assert (found[:3, :3] == 1).all()
    assert (found[5:, 5:] != 1).all()
    assert spots(np.array([1.96, 1.95, -1.95, -1.96])).tolist() == [1, 0, 0, -1]


def test_where_all_regions_are_neighbours_gi_star_says_nothing():
    _, weights = contiguity_weights(np.array([[0, 1], [2, 3]]), gamma=0.0)
    assert getis_ord(np.array([1.0, 2, 3, 4]), weights).tolist() == [0.0] * 4


@pytest.mark.parametrize("values", [[1.0, 1, 1, 1], [1.0, 2, 3, math.nan], [1.0, 2, 3]])
def test_values_without_an_answer_are_refused(values):
    _, weights = contiguity_weights(np.array([[0, 1], [2, 3]]))
    for statistic in (morans_i, getis_ord):
        with pytest.raises(DataError):
            statistic(np.array(values), weights)


def test_one_region_or_concentric_ones_are_refused():
    with pytest.raises(DataError, match="at least two"):
        contiguity_weights(np.array([[0, 0], [-1, -1]]))
    with pytest.raises(DataError, match="same centre"):
        contiguity_weights(np.array([[1, 1, 1], [1, 2, 1], [1, 1, 1]]))
    _, apart = contiguity_weights(np.array([[0, -1, 1]]))
    with pytest.raises(DataError, match="neighbours"):
        morans_i(np.array([1.0, 2.0]), apart)
