import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsvlm.chat.ranking import Ranked, most_invariant, rank, rotation_variance, top_of_two, turned

finite = st.floats(-1, 1, width=32)


def test_two_models_choose_one_after_the_other():
    first = np.array([0.9, 0.1, 0.8, 0.7, 0.2])
    second = np.array([0.3, 0.99, 0.5, 0.5, 0.98])
    # The first keeps 0, 2 and 3; the second prefers 2 and 3 (equal: the earlier first) to 0.
    assert top_of_two(first, second, 3, 2).tolist() == [2, 3]
    assert top_of_two(first, second, 9, 9).tolist() == [1, 4, 2, 3, 0]


@given(arrays(np.float32, 20, elements=finite), arrays(np.float32, 20, elements=finite))
def test_the_choice_is_that_of_two_plain_sorts(first, second):
    kept = sorted(range(20), key=lambda place: (-first[place], place))[:10]
    expected = sorted(kept, key=lambda place: (-second[place], place))[:5]
    assert top_of_two(first, second, 10, 5).tolist() == expected


def test_variance_over_rotations_by_hand():
    similarities = np.array([[0.2, 0.4, 0.2, 0.4], [0.3, 0.3, 0.3, 0.3], [0.0, 0.0, 0.0, 0.8]])
    # Means 0.3, 0.3, 0.2; squared deviations 4 x 0.01, 0, 3 x 0.04 + 0.36; divided by four.
    assert rotation_variance(similarities) == pytest.approx([0.01, 0.0, 0.12])
    assert most_invariant(similarities) == 1
    assert most_invariant(np.ones((3, 4))) == 0


def test_pictures_are_turned_exactly():
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert turned(picture, 90)[0, 0].tolist() == picture[0, 1].tolist()  # the right top corner comes to the left top
    assert turned(picture, 360).tolist() == picture.tolist()
    with pytest.raises(ValueError, match="multiples of 90"):
        turned(picture, 30)


def test_ranking_asks_the_models_and_joins_both_criteria():
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0, 0] = 9  # the bright corner says how far the picture was turned
    captions = ["low", "steady", "turning", "best"]

    def corner(image):
        return [(0, 0), (1, 0), (1, 1), (0, 1)].index(tuple(np.argwhere(image[..., 0] == 9)[0].tolist()))

    def first(pictures, texts):
        return np.array([[0.0, 0.5, 0.6, 0.7] for _ in pictures])

    def second(pictures, texts):
        return np.array([[0.99, 0.5, 0.6 - 0.1 * corner(image), 0.9 - 0.2 * (corner(image) == 2)] for image in pictures])

    assert rank(picture, captions, first, second, keep_first=3, keep=3) == Ranked((3, 2, 1), 1)
    assert rank(picture, captions, first, second, keep_first=3, keep=2) == Ranked((3, 2), 3)


@pytest.mark.parametrize("scores", [np.array([1.0, np.nan]), np.array([1.0, np.inf]), np.ones((2, 2))])
def test_scores_that_are_no_numbers_are_refused(scores):
    with pytest.raises(ValueError, match="finite"):
        top_of_two(scores, scores, 1, 1)
    with pytest.raises(ValueError, match="scores"):
        top_of_two(np.ones(2), np.ones(3), 1, 1)
    with pytest.raises(ValueError, match="no caption"):
        rank(np.zeros((2, 2, 3), np.uint8), [], lambda p, c: np.ones((1, 0)), lambda p, c: np.ones((1, 0)))
