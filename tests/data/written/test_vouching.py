"""A model's text against the sentences that it was given."""

import pytest

from rsvlm.data.vouching import BEYOND, ELSEWHERE, sentences_of, vouched

GIVEN = [
    "There are three ships in the image.",
    "Most of the ships lie at the top left.",
    "The harbor is red.",
    "The pool is blue.",
    "The pool lies at the left.",
    "The harbor lies to the left of the crane.",
    "One pixel covers about 0.26 metres of the ground.",
]
NOUNS = ["ship", "harbor", "crane", "pool"]


@pytest.mark.parametrize(
    "text",
    [
        "The image shows three ships. Most of the ships lie at the top left of the image.",
        "There is a red harbor.",
        "The harbor is located to the left of the crane.",
        "One pixel covers 0.26 metres.",
        "There is a blue pool at the left of the image.",
    ],
)
def test_another_wording_of_the_given_is_vouched_for(text: str) -> None:
    assert vouched(text, GIVEN, NOUNS) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Three ships and a lighthouse are shown.", BEYOND),
        ("There are 4 ships.", BEYOND),
        ("The ships lie at the top left.", ELSEWHERE),  # `most` is left out
        ("Most of the ships lie at the top.", ELSEWHERE),
        ("The ships are red.", ELSEWHERE),  # the harbor is
        ("The crane lies to the left of the harbor.", ELSEWHERE),  # turned round
        ("There are no ships.", BEYOND),
        ("There are three ships at the top left.", ELSEWHERE),  # most are, not all
        ("There is a blue pool at the top left.", ELSEWHERE),
        ("There are some ships.", BEYOND),
        ("Most of the cranes lie at the top left.", ELSEWHERE),
    ],
)
def test_what_goes_beyond_is_refused(text: str, reason: str) -> None:
    fault = vouched(text, GIVEN, NOUNS)
    assert fault is not None
    assert fault.reason == reason


def test_a_full_stop_inside_a_number_ends_no_sentence() -> None:
    assert sentences_of("It covers 0.26 metres. It is red.") == ["It covers 0.26 metres.", "It is red."]
