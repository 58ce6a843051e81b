import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsvlm.captioning.numerals import cardinal, ordinal, ordinal_words

SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
VALUES = {word: value for value, word in enumerate(SMALL)} | {word: 10 * value for value, word in enumerate(TENS, start=2)}
SCALES = ["thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion"]


def read(words):
    """A number read back word by word."""
    total = group = 0
    for word in words.replace("-", " ").split():
        if word == "hundred":
            group *= 100
        elif word in SCALES:
            total, group = total + group * 1000 ** (SCALES.index(word) + 1), 0
        else:
            group += VALUES[word]
    return total + group


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "zero"), (11, "eleven"), (20, "twenty"), (21, "twenty-one"), (99, "ninety-nine"), (100, "one hundred"),
        (105, "one hundred five"), (110, "one hundred ten"), (342, "three hundred forty-two"), (1000, "one thousand"),
        (1001, "one thousand one"), (12_345, "twelve thousand three hundred forty-five"), (1_000_000, "one million"),
        (2_000_000_018, "two billion eighteen"), (-7, "minus seven"), (10**66, "one thousand vigintillion"),
        (10**63 + 1, "one vigintillion one"), (10**129, "one thousand vigintillion vigintillion"),
    ],
)  # fmt: skip
def test_numbers_in_words(count, words):
    assert cardinal(count) == words


@given(st.integers(0, 10**24 - 1))
def test_words_mean_their_number(count):
    assert read(cardinal(count)) == count


@pytest.mark.parametrize(
    ("count", "words", "digits"),
    [
        (1, "first", "1st"), (2, "second", "2nd"), (3, "third", "3rd"), (4, "fourth", "4th"), (5, "fifth", "5th"),
        (8, "eighth", "8th"), (9, "ninth", "9th"), (11, "eleventh", "11th"), (12, "twelfth", "12th"), (13, "thirteenth", "13th"),
        (20, "twentieth", "20th"), (21, "twenty-first", "21st"), (22, "twenty-second", "22nd"), (90, "ninetieth", "90th"),
        (100, "one hundredth", "100th"), (101, "one hundred first", "101st"), (111, "one hundred eleventh", "111th"),
        (112, "one hundred twelfth", "112th"), (1000, "one thousandth", "1000th"), (1_000_003, "one million third", "1000003rd"),
    ],
)  # fmt: skip
def test_ordinals(count, words, digits):
    assert ordinal_words(count) == words
    assert ordinal(count) == digits
