import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsvlm.errors import DataError
from rsvlm.quality.percentiles import keep_top, keep_top_of_groups, kept_count, read_scores, write_scores

SCORES = st.lists(st.one_of(st.sampled_from([0.0, 0.5, 1.0, float("nan")]), st.floats(-2, 2)), max_size=30)


def naive(scores, ids, share):
    known = [(-score, name, position) for position, (score, name) in enumerate(zip(scores, ids, strict=True)) if score == score]
    return {position for _, _, position in sorted(known)[: kept_count(len(known), share)]}


@given(SCORES, st.sampled_from([0.3, 0.5, 0.8, 0.9, 1.0]))
def test_the_best_are_those_of_a_sorted_list(scores, share):
    ids = [f"{(7 * position) % 31:02d}" for position in range(len(scores))]
    kept = keep_top(np.array(scores, dtype=np.float64), ids.__getitem__, share)
    assert set(np.flatnonzero(kept).tolist()) == naive(scores, ids, share)


@pytest.mark.parametrize(
    ("count", "share", "expected"), [(10, 0.7, 7), (10, 0.9, 9), (3, 0.5, 2), (1, 0.3, 1), (0, 0.3, 0), (1000, 0.29, 290)]
)
def test_shares_are_what_is_written(count, share, expected):
    """0.7 * 10 is 7.000000000000001 in binary fractions, which rounded up would be 8."""
    assert kept_count(count, share) == expected


def test_ids_are_read_for_ties_at_the_cut_alone():
    def id_of(position):
        assert position in (1, 2, 4)
        return {1: "c", 2: "a", 4: "b"}[position]

    kept = keep_top(np.array([0.9, 0.5, 0.5, 0.1, 0.5, 0.2]), id_of, 0.5)
    assert kept.tolist() == [True, False, True, False, True, False]


def test_each_group_is_cut_on_its_own():
    scores = np.array([1.0, 2, 3, 4, 10, 20, 30, 40])
    groups = np.array([5, 5, 5, 5, 2, 2, 2, 2])
    ids = "abcdefgh"
    assert keep_top(scores, ids.__getitem__, 0.5).tolist() == [False] * 4 + [True] * 4
    assert keep_top_of_groups(scores, groups, ids.__getitem__, 0.5).tolist() == [False, False, True, True] * 2
    tied = keep_top_of_groups(np.zeros(4), np.array([1, 0, 1, 0]), "dcba".__getitem__, 0.5)
    assert tied.tolist() == [False, False, True, True]


def test_rs5m_keeps_what_both_cuts_keep():
    """Ten pictures: the worst by similarity is 3, the worst two by the detector are 7 and 3; both cuts look at all ten."""
    similarity = np.array([0.9, 0.8, 0.7, 0.1, 0.6, 0.5, 0.4, 0.95, 0.3, 0.2])
    detector = np.array([0.9, 0.8, 0.9, 0.2, 0.7, 0.9, 0.8, 0.1, 0.9, 0.9])
    both = keep_top(similarity, str, 0.9) & keep_top(detector, str, 0.8)
    assert np.flatnonzero(~both).tolist() == [3, 7]


def test_scores_go_through_a_file(tmp_path):
    path = tmp_path / "scores.f8"
    scores = [0.5, float("nan"), -1e300, *np.linspace(0, 1, 70_000).tolist()]
    assert write_scores(path, iter(scores)) == 70_003
    assert path.stat().st_size == 8 * 70_003
    assert path.read_bytes()[:8] == struct.pack("<d", 0.5)
    assert np.array_equal(read_scores(path), scores, equal_nan=True)
    assert write_scores(path, []) == 0
    assert len(read_scores(path)) == 0


def test_a_cut_off_file_of_scores_is_refused(tmp_path):
    path = tmp_path / "scores.f8"
    write_scores(path, [1.0, 2.0])
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match="no whole file of scores"):
        read_scores(path)
    with pytest.raises(DataError, match="no such file"):
        read_scores(tmp_path / "other.f8")
