from collections import Counter

import pytest

from rsvlm.errors import DataError
from rsvlm.records.splits import check_scenes, split_of

SHARES = {"test": 0.2, "validation": 0.1}


def test_a_split_depends_on_seed_and_name_alone():
    names = [f"scene-{number}" for number in range(500)]
    before = {name: split_of(7, name, SHARES) for name in names}
    assert {name: split_of(7, name, SHARES) for name in reversed(names)} == before
    assert {name: split_of(8, name, SHARES) for name in names} != before


def test_shares_are_kept_on_many_scenes():
    counts = Counter(split_of(7, f"scene-{number}", SHARES) for number in range(20_000))
    # Three standard deviations of a binomial count.
    for split, share in {**SHARES, "train": 0.7}.items():
        assert abs(counts[split] - 20_000 * share) < 3 * (20_000 * share * (1 - share)) ** 0.5


def test_no_share_means_training_and_a_whole_share_means_test():
    assert {split_of(1, str(number), {}) for number in range(50)} == {"train"}
    assert {split_of(1, str(number), {"test": 1.0}) for number in range(50)} == {"test"}


def test_a_scene_in_two_splits_is_refused_by_name():
    check_scenes([("a", "train"), ("b", "test"), ("a", "train")])
    with pytest.raises(DataError, match="scene 'a' has records in train and in test"):
        check_scenes([("a", "train"), ("b", "test"), ("a", "test")])
