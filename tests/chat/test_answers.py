import json
import multiprocessing

import pytest

from rsvlm.chat.answers import Answers, Counts, Tally
from rsvlm.chat.exchange import Answer, Message, Request, key_of, seed_from

ANSWER = Answer("Drei Schiffe 船", True, 12, 5)
KEY = "ab" * 32


def test_an_answer_is_kept_and_found_again(tmp_path):
    Answers(tmp_path / "answers").put(KEY, ANSWER)
    assert Answers(tmp_path / "answers").get(KEY) == ANSWER
    assert Answers(tmp_path / "answers").get("cd" * 32) is None


@pytest.mark.parametrize("damage", ["truncate", "flip", "other", "empty", "list", "shape", "bomb", "folder"])
def test_a_broken_entry_is_asked_again(tmp_path, damage):
    answers = Answers(tmp_path)
    answers.put(KEY, ANSWER)
    path = answers.path(KEY)
    data = path.read_bytes()
    stored = json.loads(data)
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(
            {
                "truncate": data[:-9], "flip": data.replace("船".encode(), "山".encode()), "other": data.replace(b"abab", b"abac", 1),
                "empty": b"",
                "list": b"[]", "shape": json.dumps({**stored, "answer": {"text": 3}}).encode(), "bomb": b"[" * 100_000,
            }[damage]
        )  # fmt: skip
    assert answers.get(KEY) is None
    assert answers.counts.broken == 1


def _put(folder, number):
    answers = Answers(folder)
    for key in range(20):
        answers.put(f"{key:064x}", Answer(f"answer {key}", True, key, 1))
    return number


def test_several_processes_may_write_the_same_folder(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(_put, [(tmp_path, number) for number in range(2)]) == [0, 1]
    answers = Answers(tmp_path)
    assert [answers.get(f"{key:064x}").text for key in range(20)] == [f"answer {key}" for key in range(20)]
    assert sorted(path.suffix for path in tmp_path.rglob("*") if path.is_file()) == [".json"] * 20  # nothing half-written is left


def test_the_key_follows_everything_that_is_asked_and_nothing_else():
    def key(**change):
        given = {
            "id": "a",
            "messages": (Message("user", "x"),),
            "picture": b"p",
            "draw": 0,
            "model": {"m": 1},
            "sampling": {"seed": 1},
        } | change
        request = Request(given["id"], given["messages"], given["picture"], given["draw"])
        return key_of(request, given["model"], given["sampling"])

    changes = [
        {}, {"messages": (Message("system", "x"),)}, {"messages": (Message("user", "y"),)}, {"messages": (Message("user", "x"),) * 2},
        {"picture": None}, {"picture": b""}, {"picture": b"q"}, {"draw": 1}, {"model": {"m": 2}}, {"sampling": {"seed": 2}},
    ]  # fmt: skip
    assert len({key(**change) for change in changes}) == len(changes)
    assert key(id="b") == key()
    assert 0 <= seed_from(key()) < 2**63
    assert seed_from(key()) != seed_from(key(draw=1))


def test_cost_is_by_the_million_tokens():
    counts = Counts()
    counts.asked.add(Answer("a", True, 2_000_000, 500_000))
    counts.kept.add(Answer("b", True, 1_000_000, 0))
    assert counts.asked.cost(0.5, 2.0) == 2.0  # 2 x 0.5 + 0.5 x 2
    assert counts.total() == Tally(2, 3_000_000, 500_000)
