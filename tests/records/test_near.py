import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsvlm.records.near import NearIndex, near_pairs, segments_of

HASHES = st.lists(st.integers(0, 2**64 - 1), max_size=12)


def flipped(value, bits):
    for bit in bits:
        value ^= 1 << bit
    return value


@settings(max_examples=60)
@given(
    HASHES,
    st.lists(st.tuples(st.integers(0, 11), st.sets(st.integers(0, 63), max_size=4)), max_size=12),
    st.sampled_from([(1, 1), (2, 2), (2, 4), (3, 4), (4, 8)]),
)
def test_near_copies_are_those_that_a_naive_loop_finds(first, changes, rule):
    below, segments = rule
    second = [flipped(first[position % len(first)], bits) for position, bits in changes] if first else [0, 1]
    expected = {(i, j): (a ^ b).bit_count() for i, a in enumerate(first) for j, b in enumerate(second) if (a ^ b).bit_count() < below}
    found = []
    for left, right, distance in near_pairs(
        np.array(first, dtype=np.uint64), np.array(second, dtype=np.uint64), below=below, segments=segments
    ):
        found += list(zip(left.tolist(), right.tolist(), distance.tolist(), strict=True))
    assert len(found) == len(expected), "each pair once"
    assert {(i, j): d for i, j, d in found} == expected
    index = NearIndex(below=below, segments=segments)
    for i, value in enumerate(first):
        index.add(value, f"{i:02d}")
    for j, value in enumerate(second):
        near = sorted((d, f"{i:02d}") for (i, other), d in expected.items() if other == j)
        assert index.find(value) == (near[0][1] if near else None)


def test_segments_put_together_are_the_hash():
    assert segments_of(0x0123456789ABCDEF, 4) == [0x0123, 0x4567, 0x89AB, 0xCDEF]


@pytest.mark.parametrize(("below", "segments"), [(5, 4), (2, 3), (2, 1)])
def test_segments_that_would_miss_copies_are_refused(below, segments):
    with pytest.raises(ValueError, match="segments"):
        NearIndex(below=below, segments=segments)


def test_many_equal_hashes_do_not_fill_the_memory():
    same = np.zeros(3000, dtype=np.uint64)
    blocks = [len(left) for left, _, _ in near_pairs(same, same)]
    assert sum(blocks) == 3000 * 3000
    assert max(blocks) <= (1 << 22) + 3000


def test_ten_thousand_against_a_million():
    """Every pair would be ten thousand million comparisons: the test's own time limit would end them."""
    generator = np.random.default_rng(5)
    million = generator.integers(0, 2**64, 1_000_000, dtype=np.uint64)
    asked = generator.integers(0, 2**64, 10_000, dtype=np.uint64)
    asked[:7] = million[:7] ^ np.uint64(1 << 33)
    assert sum(len(left) for left, _, _ in near_pairs(asked, million)) == 7
