from collections import Counter

import numpy as np
import pytest

from rsvlm.quality.balance import balanced_tags, caption_of_epoch, count_tags, distinct_tags, keep_at_most, sample_ids


def cap(groups, ids, most, seed=1):
    return keep_at_most(np.array(groups), ids.__getitem__, most, seed=seed, purpose="class")


def test_no_class_has_more_than_the_cap():
    groups = [0] * 50 + [1] * 3 + [-1] * 20
    kept = cap(groups, [f"r{position}" for position in range(73)], 10)
    assert Counter(np.array(groups)[kept].tolist()) == {0: 10, 1: 3, -1: 20}


def test_the_draw_does_not_depend_on_the_order_of_the_records():
    ids = [f"r{position}" for position in range(40)]
    forward = {name for name, kept in zip(ids, cap([0] * 40, ids, 12), strict=True) if kept}
    backward = {name for name, kept in zip(ids[::-1], cap([0] * 40, ids[::-1], 12), strict=True) if kept}
    assert forward == backward
    assert forward != {name for name, kept in zip(ids, cap([0] * 40, ids, 12, seed=2), strict=True) if kept}


def test_adding_records_only_replaces():
    ids = [f"r{position}" for position in range(60)]
    small = {name for name, kept in zip(ids, cap([0] * 40, ids[:40], 12), strict=False) if kept}
    large = {name for name, kept in zip(ids, cap([0] * 60, ids, 12), strict=True) if kept}
    assert large & set(ids[:40]) <= small


def test_tags_of_a_picture_are_counted_once():
    tags = [("building", "house"), ("natural", "tree"), ("building", "house"), ("building", "yes")]
    assert distinct_tags(tags) == [("building", "house"), ("natural", "tree"), ("building", "yes")]
    assert count_tags([tags, [("natural", "tree")], []]) == {("building", "house"): 1, ("natural", "tree"): 2, ("building", "yes"): 1}


def test_frequent_tags_are_thinned_to_about_the_threshold_and_rare_ones_stay():
    pictures = {
        f"p{position}": [("building", "house")] + ([("aeroway", "runway")] if position % 40 == 0 else []) for position in range(4000)
    }
    counts = count_tags(pictures.values())
    assert counts == {("building", "house"): 4000, ("aeroway", "runway"): 100}
    kept = count_tags(balanced_tags(name, tags, counts, 400, seed=5) for name, tags in pictures.items())
    assert kept["aeroway", "runway"] == 100
    # A binomial draw of 4000 with probability 0.1: mean 400, deviation 19.
    assert 400 - 4 * 19 < kept["building", "house"] < 400 + 4 * 19
    again = count_tags(balanced_tags(name, tags, counts, 400, seed=5) for name, tags in reversed(pictures.items()))
    assert again == kept


def test_a_tag_as_frequent_as_the_threshold_stays():
    assert balanced_tags("p", [("a", "b")], {("a", "b"): 400}, 400, seed=0) == [("a", "b")]
    with pytest.raises(KeyError):
        balanced_tags("p", [("a", "c")], Counter({("a", "b"): 1}), 1, seed=0)


def test_captions_are_drawn_anew_each_epoch_and_evenly():
    drawn = [caption_of_epoch("r1", (0, 3), epoch, seed=9) for epoch in range(1000)]
    assert set(drawn) == {0, 3}
    assert 430 < drawn.count(3) < 570  # mean 500, deviation 16
    assert drawn == [caption_of_epoch("r1", (0, 3), epoch, seed=9) for epoch in range(1000)]
    assert drawn != [caption_of_epoch("r2", (0, 3), epoch, seed=9) for epoch in range(1000)]
    with pytest.raises(ValueError, match="no caption"):
        caption_of_epoch("r1", (), 0, seed=9)


def test_a_sample_is_the_same_from_any_order():
    ids = [f"r{position}" for position in range(500)]
    drawn = sample_ids(ids, 20, seed=3, purpose="audit")
    assert len(set(drawn)) == 20
    assert drawn == sorted(drawn) == sample_ids(reversed(ids), 20, seed=3, purpose="audit")
    assert drawn != sample_ids(ids, 20, seed=3, purpose="other")
    assert sample_ids(ids[:3], 20, seed=3, purpose="audit") == sorted(ids[:3])
