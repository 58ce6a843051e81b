import numpy as np
import pytest

from rsvlm.quality.embeddings import nearest_pairs, similar_pairs


def rows(count=60, width=8):
    generator = np.random.default_rng(11)
    found = generator.standard_normal((count, width))
    found[30:50] = found[:20] * generator.uniform(0.5, 9, (20, 1)) + 0.05 * generator.standard_normal((20, width))
    return found


def cosine(first, second):
    return float(first @ second / np.sqrt(first @ first) / np.sqrt(second @ second))


def collected(blocks):
    return sorted((int(i), int(j)) for left, right in blocks for i, j in zip(left, right, strict=True))


@pytest.mark.parametrize("block", [1, 7, 60, 1000])
def test_pairs_are_those_of_a_naive_loop(block):
    found = rows()
    expected = [(i, j) for i in range(60) for j in range(i + 1, 60) if cosine(found[i], found[j]) >= 0.9]
    assert len(expected) >= 15
    assert collected(similar_pairs(found, np.arange(60), least=0.9, block=block)) == expected


@pytest.mark.parametrize("block", [1, 7, 60])
def test_nearest_are_those_of_a_naive_loop(block):
    found = rows()
    expected = []
    for i in range(60):
        near = sorted((-cosine(found[i], found[j]), j) for j in range(60) if j != i)[:2]
        expected += [(i, j) for nearness, j in near if -nearness >= 0.3]
    assert collected(nearest_pairs(found, np.arange(60), neighbours=2, least=0.3, block=block)) == sorted(expected)


@pytest.mark.parametrize("block", [1, 2, 5])
def test_of_equal_ones_the_first_are_nearest(block):
    found = np.ones((5, 3))
    assert collected(nearest_pairs(found, np.arange(5), neighbours=1, least=0.9, block=block)) == [(0, 1), (1, 0), (2, 0), (3, 0), (4, 0)]


def test_only_the_asked_rows_are_compared():
    found = np.array([[1.0, 0], [0, 1], [2, 0], [0, 3]])
    assert collected(similar_pairs(found, np.array([1, 2, 3]), least=0.9)) == [(0, 2)]


@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
def test_an_embedding_without_a_direction_is_named(wrong):
    found = np.ones((4, 2))
    found[2] = wrong
    with pytest.raises(ValueError, match="embedding 2 is zero or not finite"):
        list(similar_pairs(found, np.arange(4), least=0.5))
