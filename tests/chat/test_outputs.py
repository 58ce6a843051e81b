import pytest

from rsvlm.chat.outputs import as_json, as_lines, texts_of
from rsvlm.records.unfit import Unfit


def test_lists_lose_bullets_and_numbers_but_no_words():
    assert as_lines("1. A quay.\n\n 2) Two ships.\n- 3 planes.\n• A road.\n10 tanks.") == (
        "A quay.", "Two ships.", "3 planes.", "A road.", "10 tanks.",
    )  # fmt: skip


def test_json_alone_or_in_a_fence():
    assert as_json(' {"a": [1, "x"]} ') == {"a": [1, "x"]}
    assert as_json('```json\n{"a": null}\n```') == {"a": None}
    assert texts_of('{"caption": "A quay.", "n": [2, {"x": "y"}], "ok": true}', "json") == ("A quay.", "2", "y")


@pytest.mark.parametrize(
    "text",
    ["", "[1]", "3", '{"a": 1, "a": 2}', '{"a": NaN}', '{"a": 1e999}', '{"a": ' * 9 + "1" + "}" * 9, "[" * 100_000, '{"a":' * 3000,
     "Sure! {}",
     '{"a": "' + "x" * 100_001 + '"}', '{"a": ' + "9" * 5000 + "}", "{'a': 1}", '{"a": 1} trailing'],
)  # fmt: skip
def test_what_is_no_single_plain_object_is_set_aside(text):
    with pytest.raises(Unfit, match="answer is not JSON"):
        as_json(text)


@pytest.mark.parametrize("text", ["", "\n \n", "- \n", "a\n" * 1001])
def test_no_list(text):
    with pytest.raises(Unfit, match="answer is no list"):
        as_lines(text)
