import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsvlm.chat.quantities import quantities_of
from rsvlm.chat.wording import Phrases, plain, tokens_of, words_of


def read(text):
    return [quantity.value for quantity in quantities_of(tokens_of(text))]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("twenty-three ships", [23]),
        ("two hundred and five", [205]),
        ("two hundred and a road", [200]),
        ("one thousand two hundred", [1200]),
        ("three thousand", [3000]),
        ("two million, four thousand and one", [2_000_000, 4001]),
        ("1,234,567 tanks", [1234567]),
        ("0.5 m and 12.25 m", [0.5, 12.25]),
        ("12.", [12]),
        ("at -5.2 degrees", [-5.2]),
        ("3-5 ships", [3, 5]),
        ("3ships and x9", [3, 9]),
        ("one two three", [1, 2, 3]),
        ("five six", [5, 6]),
        ("twenty twelve", [20, 12]),
        ("a dozen, two dozen, 3 dozen", [12, 24, 36]),
        ("5 hundred", [500]),
        ("\uff13 and \u0663 and \u00bd", [3, 3, 1, 2]),  # full width, Arabic-Indic, one half
        ("no ships without a pair of tugs", [0, 0, 2]),
        ("a someone in twosome tone", []),
    ],
)
def test_numbers_are_read(text, values):
    assert read(text) == values


_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def spell(number):
    """Say a number below a million in words."""
    if number < 20:
        return _UNITS.split()[number]
    if number < 100:
        return _TENS.split()[number // 10 - 2] + (f"-{spell(number % 10)}" if number % 10 else "")
    if number < 1000:
        return f"{spell(number // 100)} hundred" + (f" and {spell(number % 100)}" if number % 100 else "")
    return f"{spell(number // 1000)} thousand" + (f" {spell(number % 1000)}" if number % 1000 else "")


@given(st.integers(0, 999_999))
def test_every_spelled_number_is_read(number):
    assert read(f"There are {spell(number)} ships.") == [number]
    assert read(f"There are {number:,} ships.") == [number]


def test_what_hides_from_the_eye_is_found():
    assert words_of("pl\u00adane sh\u200dip SHÍPS \ufb01eld ship\u2019s ＰＬＡＮＥ") == ["plane", "ship", "ships", "field", "ship", "plane"]
    assert plain("Ångström\u200b") == "angstrom"


def test_the_longest_phrase_wins_and_taken_words_are_left():
    tokens = tokens_of("A small vehicle and a vehicle by Bridge Road.")
    phrases = Phrases(["vehicle", "small vehicle", "bridge", "bridge road"])
    assert [span.phrase for span in phrases.find(tokens)] == [("small", "vehicle"), ("vehicle",), ("bridge", "road")]
    assert [span.phrase for span in phrases.find(tokens, {8})] == [("small", "vehicle"), ("vehicle",), ("bridge",)]


@given(st.text())
def test_any_text_is_taken_apart(text):
    tokens = tokens_of(text)
    assert all(token.text for token in tokens)
    assert read(text) is not None
