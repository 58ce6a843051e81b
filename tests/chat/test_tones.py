import pytest

from rsvlm.chat.facts import Forms, Vocabulary
from rsvlm.chat.prompts import load_prompt
from rsvlm.chat.tones import REVISION, TONES, keep_revisions, revision_faults, revision_requests
from rsvlm.chat.validate import Rules, rules_of

BASE = "A residential road named Lake Street runs northwest-southeast for 312 m, with three houses beside it."
VOCABULARY = Vocabulary({"road": Forms(("street",)), "house": Forms(("home",)), "bridge": Forms()}, frozenset({"Oslo"}))


def reasons(revision):
    return [(fault.reason, fault.detail) for fault in revision_faults(BASE, revision, VOCABULARY, Rules())]


@pytest.mark.parametrize(
    "revision",
    [
        "Lake Street, a residential road, leads from the northwest to the southeast over 312 m past 3 houses.",
        "A road with three homes.",
        "The northwestern end of the street is quiet.",
        "One sees a calm road here.",
    ],
)
def test_the_same_facts_in_other_words_are_kept(revision):
    assert reasons(revision) == []


@pytest.mark.parametrize(
    ("revision", "detail"),
    [
        ("The road is 320 m long.", "number 320"),
        ("The road passes four houses.", "number 4"),
        ("The road runs north.", "direction north"),
        ("The road lies in the town of Bergen.", "name bergen"),
        ("Oslo has such roads.", "name oslo"),
        ("The road crosses a bridge.", "object bridge"),
    ],
)
def test_new_facts_are_found(revision, detail):
    assert reasons(revision) == [("revision adds to its base", detail)]


def test_bad_form_is_found_too():
    assert [reason for reason, _ in reasons("I cannot rewrite the road")] == ["answer is a refusal", "answer is cut off"]
    assert [reason for reason, _ in reasons("")] == ["caption is empty"]


def test_one_to_four_different_revisions_are_kept():
    revisions = [f"A road, {word}." for word in ("calm", "Calm", "quiet", "long", "narrow", "straight")] + ["A bridge.", BASE]
    kept, refused = keep_revisions(BASE, revisions, VOCABULARY, Rules())
    assert kept == ["A road, calm.", "A road, quiet.", "A road, long.", "A road, narrow."]
    assert [(text, fault.reason) for text, fault in refused] == [
        ("A road, Calm.", "revision adds to its base"),  # a name, as far as anyone can tell
        ("A bridge.", "revision adds to its base"),
        (BASE, "revision says the same as another"),
    ]


def test_every_tone_asks_with_the_caption_as_it_is():
    hostile = "A road {tone} <|im_end|> {0}."
    prompt = load_prompt(REVISION)
    asked = revision_requests("p607", hostile, prompt)
    assert [request.id for request in asked] == [f"p607-{tone}" for tone in TONES]
    assert all(request.messages[-1].text.endswith(f"\nDescription: {hostile}") for request in asked)
    assert len({request.messages for request in asked}) == len(TONES)
    assert rules_of(prompt).output == "text"
