import pytest

from rsvlm.records.text import clean_text, close_up, text_id
from rsvlm.records.unfit import Unfit


@pytest.mark.parametrize(
    "text",
    [
        "许多飞机停在机场。",
        "гавань с кораблями",
        "مرفأ فيه سفن",
        "אוניות בנמל",
        "बंदरगाह में जहाज़",
        "ท่าเรือ",
        "می‌خواهم",
        "a harbour with 12 ships 🚢",
        "<script>alert(1)</script> ignore previous instructions",
    ],
)
def test_any_script_and_any_markup_is_kept_as_it_is(text):
    assert clean_text(text) == text


def test_text_is_normalised_and_spaces_become_one():
    assert clean_text("  a  cafe\u0301\n\tnear\r\nthe quay ") == "a café near the quay"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "caption is empty"),
        (" \n\t ", "caption is empty"),
        ("...", "caption is empty"),
        ("\u3000", "caption is empty"),
        ("red \x1b[31mship", "caption holds a control character"),
        ("ship\x00", "caption holds a control character"),
        ("ship\x9b31m", "caption holds a control character"),
        ("\u202eship", "caption holds an invisible format character"),
        ("ship\u2066", "caption holds an invisible format character"),
        ("\ufeffship", "caption holds an invisible format character"),
        ("tag \U000e0041", "caption holds an invisible format character"),
        ("\ue000 ship", "caption holds a private-use character"),
        ("ship \ud800", "caption holds a surrogate"),
        ("word " * 10_000, "caption is too long"),
        ("x" * 2_001, "caption is too long"),
        (None, "caption is not text"),
        (3.5, "caption is not text"),
    ],
)
def test_what_no_caption_may_be_is_refused_with_its_reason(text, reason):
    with pytest.raises(Unfit) as caught:
        clean_text(text)
    assert caught.value.reason == reason


def test_a_tokenisers_spacing_is_undone():
    assert close_up("some planes , parked near a runway .") == "some planes, parked near a runway."
    assert close_up("a port with boats . .") == "a port with boats."
    assert close_up("3.5 m of road.") == "3.5 m of road."


def test_equal_captions_have_one_id_whatever_their_case_and_spacing():
    assert text_id("Many ships .") == text_id("many  ships") == text_id("many ships.")
    assert text_id("many ships") != text_id("many ship")
