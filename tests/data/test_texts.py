"""Languages, lengths, vocabulary and lexical diversity of texts."""

import random
import statistics

import pytest

from rsvlm.data.texts import Lengths, Texts, language_of, mtld, units_of


@pytest.mark.parametrize(
    ("text", "language", "units"),
    [
        ("Two ships, and a T-shaped pier's end.", "en", ["two", "ships", "and", "a", "t-shaped", "pier's", "end"]),
        ("港口里有2艘船。", "zh", list("港口里有艘船")),
        ("The sign says 港口 at the gate", "en", ["the", "sign", "says", "港口", "at", "the", "gate"]),
        ("12 345", "en", ["12", "345"]),
        ("طائرة كبيرة", "en", ["طائرة", "كبيرة"]),
    ],
)
def test_words_of_a_text_and_characters_of_a_chinese_one(text: str, language: str, units: list[str]) -> None:
    assert language_of(text) == language
    assert units_of(text, language) == units


def test_lexical_diversity_worked_out_by_hand() -> None:
    """a b c: ratio 1. `a` again: 3/4 stays above 0.72; `b` again: 3/5 ends the sequence of 5. So 10 words are two sequences each way."""
    assert mtld(list("abcabdefde")) == pytest.approx(5.0)


def test_both_reading_directions_count() -> None:
    """Forward: abcab (3/5) and xyx (2/3), then z alone: two sequences. Backward: zxyxbacba (6/9): one."""
    assert mtld(list("abcabxyxz")) == pytest.approx((9 / 2 + 9 / 1) / 2)


def test_the_rest_at_the_end_counts_in_part() -> None:
    """The ratio of abca is 3/4, which is 0.25 of the 0.28 from 1 down to 0.72; both ways."""
    assert mtld(list("abca")) == pytest.approx(4 / (0.25 / 0.28))


def test_no_word_recurs() -> None:
    assert mtld(["one", "two", "three"]) is None
    assert mtld([]) is None


def test_lengths_agree_with_the_plain_list() -> None:
    values = [random.Random(3).randrange(1, 140) for _ in range(500)]
    lengths = Lengths()
    for value in values:
        lengths.counts[value] += 1
    found = lengths.summary()
    assert (found["count"], found["longest"]) == (500, max(values))
    assert found["mean"] == pytest.approx(statistics.mean(values), abs=0.01)
    assert found["median"] == statistics.median_low(values)
    assert sum(count for _, _, count in found["bins"]) == 500
    assert len(found["bins"]) <= 20
    for low, high, count in found["bins"]:
        assert count == sum(low <= value <= high for value in values)


def test_the_draw_does_not_depend_on_the_order() -> None:
    one, other = Texts(), Texts()
    texts = [(f"t{number}", f"a ship number {number % 7} at quay {number % 5}") for number in range(3000)]
    for name, text in texts:
        one.add(name, text, text.split())
    for name, text in reversed(texts):
        other.add(name, text, text.split())
    assert one.summary("en") == other.summary("en")
    assert one.summary("en")["mtld"]["texts"] == 2000
    assert one.summary("en")["texts"] == 3000
    words = {word for _, text in texts for word in text.split()}
    assert one.summary("zh") == {"texts": 3000, "words": 7 * 3000, "vocabulary": len(words)}
