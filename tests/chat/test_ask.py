import itertools
import threading
import time
import weakref

import pytest

from rsvlm.chat.answers import Answers, Tally
from rsvlm.chat.ask import ask
from rsvlm.chat.exchange import Answer
from rsvlm.chat.models import Places
from rsvlm.chat.settings import ServedSettings
from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.records.unfit import Unfit
from tests.chat.conftest import question, send


def settings(server, **change):
    return ServedSettings(**{"kind": "served", "base_url": server.url, "model": "m", "first_wait": 0.01, "attempts": 2, **change})


def run(server, requests, folder, **change):
    answers = Answers(folder)
    pairs = list(ask(requests, settings(server, **change), Places(), answers))
    return pairs, answers.counts


def test_answers_come_in_the_order_of_the_requests(server, tmp_path):
    def later_first(handler, body, number):
        time.sleep(0.02 * (5 - int(body["messages"][0]["content"]) % 5))
        server.echo(handler, body, number)

    server.reply = later_first
    pairs, counts = run(server, (question(str(n), f"r{n}") for n in range(20)), tmp_path)
    assert [(request.id, answer.text) for request, answer in pairs] == [(f"r{n}", str(n)) for n in range(20)]
    assert counts.asked == Tally(20, 200, 100)


def test_nothing_is_paid_twice(server, tmp_path):
    first = [question(text, f"{text}-{copy}") for copy in range(2) for text in ("a", "b", "c")]
    pairs, counts = run(server, first, tmp_path)
    assert [answer.text for _, answer in pairs] == ["A", "B", "C"] * 2
    assert (counts.asked.answers, counts.kept.answers, len(server.asked)) == (3, 3, 3)
    again, later = run(server, [*first, question("d")], tmp_path)
    assert [answer.text for _, answer in again] == ["A", "B", "C"] * 2 + ["D"]
    assert (later.asked.answers, later.kept.answers, len(server.asked)) == (1, 6, 4)
    total = run(server, [*first, question("d")], tmp_path)[1].total()
    assert total == later.total() == Tally(7, 70, 35)


def test_several_draws_of_one_question_are_several_answers(server, tmp_path):
    run(server, [question("a", draw=n) for n in range(3)], tmp_path, temperature=0.7)
    assert len({body["seed"] for body in server.asked}) == 3
    run(server, [question("a", draw=n) for n in range(3)], tmp_path, temperature=0.7)
    assert len(server.asked) == 3
    run(server, [question("a")], tmp_path, temperature=0.8)
    assert len(server.asked) == 4


def test_a_broken_answer_is_asked_again(server, tmp_path):
    run(server, [question("a"), question("b")], tmp_path)
    broken = sorted(path for path in tmp_path.rglob("*.json"))[0]
    broken.write_bytes(b"{}")
    pairs, counts = run(server, [question("a"), question("b")], tmp_path)
    assert [answer.text for _, answer in pairs] == ["A", "B"]
    assert (counts.broken, counts.asked.answers, counts.kept.answers) == (1, 1, 1)


def test_requests_are_read_a_bounded_number_ahead(server, tmp_path):
    read = []

    def endless():
        for number in itertools.count():
            read.append(number)
            yield question(str(number))

    answers = Answers(tmp_path)
    stream = ask(endless(), settings(server, concurrent=2), Places(), answers)
    for expected in range(50):
        request, answer = next(stream)
        assert request.id == answer.text == str(expected)
        assert len(read) - expected <= 8 * 2 + 1
    stream.close()
    # What was on its way when nobody wanted more is kept, too.
    assert len(list(tmp_path.rglob("*.json"))) == answers.counts.asked.answers >= 50
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("chat")]


def test_memory_does_not_hold_what_was_handed_out(server, tmp_path):
    alive: weakref.WeakSet = weakref.WeakSet()

    def requests():
        for number in range(60):
            request = question(str(number), picture=b"\x89PNG" + bytes(1000))
            alive.add(request)
            yield request

    for _, answer in ask(requests(), settings(server, concurrent=1), Places(), Answers(tmp_path)):
        assert isinstance(answer, Answer)
        assert len(alive) <= 8 + 4


def test_failures_are_in_their_places(server, tmp_path):
    def fails_at_b(handler, body, number):
        if body["messages"][0]["content"] == "b":
            send(handler, 500, b"")
        else:
            server.echo(handler, body, number)

    server.reply = fails_at_b
    pairs, counts = run(server, [question(text) for text in ("a", "b", "\ud800", "c", "b")], tmp_path)
    kinds = [outcome.reason if isinstance(outcome, Unfit) else outcome.text for _, outcome in pairs]
    assert kinds == ["A", "model gave no answer", "question is not text", "C", "model gave no answer"]
    assert (counts.asked.answers, counts.failed) == (2, 3)


def test_what_was_answered_before_an_error_is_kept(server, tmp_path):
    def refuses_later(handler, body, number):
        if body["messages"][0]["content"] == "3":
            time.sleep(0.1)
            send(handler, 401, b"")
        else:
            server.echo(handler, body, number)

    server.reply = refuses_later
    with pytest.raises(ConfigurationError, match="refuses the key"):
        run(server, [question(str(n)) for n in range(6)], tmp_path)
    assert len(list(tmp_path.rglob("*.json"))) >= 3


def test_an_answer_that_cannot_be_kept_stops_the_work(server, tmp_path):
    (tmp_path / "answers").write_text("a file where the folder should be")
    with pytest.raises((RsvlmError, OSError)):
        run(server, [question("a")], tmp_path / "answers")


def test_no_requests_need_no_server(tmp_path):
    answers = Answers(tmp_path)
    given = ServedSettings(kind="served", base_url="http://127.0.0.1:9/v1", model="m")
    assert list(ask([], given, Places(), answers)) == []
