import email.utils
import json
import logging
import time
from pathlib import Path

import pytest

from rsvlm.chat.answers import Answers
from rsvlm.chat.ask import ask
from rsvlm.chat.exchange import Answer, Message, Request
from rsvlm.chat.models import Places
from rsvlm.chat.pace import Pace, asked_to_wait
from rsvlm.chat.settings import ServedSettings
from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.records.unfit import Unfit
from tests.chat.conftest import question, said, send

SECRET = "sk-very-secret-0123456789"


def settings(server, **change):
    given = {"kind": "served", "base_url": server.url, "model": "tiny/vlm-1", "first_wait": 0.01, "timeout": 5.0, **change}
    return ServedSettings(**given)


def outcomes(server, tmp_path, requests, **change):
    answers = Answers(tmp_path / "answers")
    return [outcome for _, outcome in ask(requests, settings(server, **change), Places(), answers)], answers.counts


def faults_first(*faults):
    """Misbehave in these ways, one a request, then answer."""
    left = list(faults)

    def reply(handler, body, number):
        if left:
            left.pop(0)(handler)
        else:
            send(handler, 200, said("At last."))

    return reply


def status(code, body=b"{}", **headers):
    return lambda handler: send(handler, code, body, **headers)


def cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"mess')
    handler.close_connection = True
    handler.connection.close()


def hang_up(handler):
    handler.close_connection = True
    handler.connection.close()


def test_a_request_says_what_the_protocol_asks_for(server, tmp_path):
    request = Request("r", (Message("system", "Be short."), Message("user", "What is it?")), b"\x89PNG\r\n\x1a\n...")
    answered, counts = outcomes(server, tmp_path, [request], temperature=0.5, top_p=0.9, most_new_tokens=7, seed=4)
    (body,) = server.asked
    assert body["path"] == "/v1/chat/completions"
    assert (body["model"], body["temperature"], body["top_p"], body["max_tokens"]) == ("tiny/vlm-1", 0.5, 0.9, 7)
    assert "top_k" not in body, "OpenAI's own protocol has none, so it is sent only where it is set"
    assert 0 <= body["seed"] < 2**31
    assert body["messages"][0] == {"role": "system", "content": "Be short."}
    text, picture = body["messages"][1]["content"]
    assert text == {"type": "text", "text": "What is it?"}
    assert picture["image_url"]["url"] == "data:image/png;base64,iVBORw0KGgouLi4="
    assert "Authorization" not in server.headers[0]
    assert isinstance(answered[0], Answer)
    assert (counts.asked.tokens_in, counts.asked.tokens_out) == (10, 5)


@pytest.mark.system("rs5m", 2)
def test_top_k_is_sent_where_it_is_set(server, tmp_path):
    request = Request("r", (Message("user", "What is it?"),))
    outcomes(server, tmp_path, [request], temperature=1.0, top_k=50, top_p=0.95)
    (body,) = server.asked
    assert (body["top_k"], body["top_p"]) == (50, 0.95)


@pytest.mark.parametrize(
    "fault",
    [
        status(429), status(500), status(502), status(503), status(408), cut, hang_up,
        status(200, b"<html>busy</html>"), status(200, b"{}"),
        status(200, b"[" * 100_000), status(200, said(None)), status(200, b'{"choices": [{"message": {"content": "\\ud800"}}]}'),
        status(200, {**said("x"), "usage": {"prompt_tokens": "many"}}), status(200, {**said("x"), "usage": {"prompt_tokens": -1}}),
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_again(server, tmp_path, fault):
    server.reply = faults_first(fault, fault)
    answered, _ = outcomes(server, tmp_path, [question("x")])
    assert answered == [Answer("At last.", True, 10, 5)]
    assert len(server.asked) == 3


def test_a_slow_server_is_left_and_asked_again(server, tmp_path):
    def dripping(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(20):
            handler.wfile.write(b" ")
            time.sleep(0.05)

    server.reply = faults_first(lambda handler: time.sleep(0.6), dripping)
    answered, _ = outcomes(server, tmp_path, [question("x")], timeout=0.3)
    assert answered == [Answer("At last.", True, 10, 5)]


def test_retry_after_is_honoured_by_all_senders(server, tmp_path):
    server.reply = faults_first(status(429, Retry_After="1"))
    answered, _ = outcomes(server, tmp_path, [question(f"q{n}") for n in range(3)], concurrent=1)
    assert [outcome.text for outcome in answered] == ["At last."] * 3
    assert server.began[1] - server.began[0] >= 0.95


def test_what_does_not_pass_is_set_aside_after_the_attempts(server, tmp_path):
    server.reply = lambda handler, body, number: send(handler, 503, b"")
    answered, counts = outcomes(server, tmp_path, [question("x")], attempts=3)
    assert answered[0].args == Unfit("model gave no answer", "the server answered 503 (3 attempts)").args
    assert (len(server.asked), counts.failed, counts.asked.answers) == (3, 1, 0)
    server.reply = server.echo
    again, _ = outcomes(server, tmp_path, [question("x")])  # a failure is not kept
    assert again[0].text == "X"


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (status(400, b'{"error": "too many tokens"}'), "too many tokens"),
        (status(429, Retry_After="86400"), "asks to wait 86,400 s"),
        (status(200, said("", finish="content_filter")), "filtered"),
        (status(200, b" " * (9 << 20)), "longer than"),
    ],
)
def test_what_cannot_pass_is_not_tried_again(server, tmp_path, fault, detail):
    server.reply = lambda handler, body, number: fault(handler)
    answered, _ = outcomes(server, tmp_path, [question("x")])
    assert isinstance(answered[0], Unfit)
    assert detail in answered[0].detail
    assert len(server.asked) == 1


@pytest.mark.parametrize(("code", "hint"), [(401, "set CHAT_KEY"), (403, "check CHAT_KEY"), (404, "model"), (302, "another address")])
def test_a_server_that_refuses_everything_stops_the_work(server, tmp_path, monkeypatch, code, hint):
    monkeypatch.setenv("CHAT_KEY", SECRET)
    server.reply = lambda handler, body, number: send(handler, code, SECRET.encode(), Location="https://example.org/")
    with pytest.raises(ConfigurationError, match=hint) as caught:
        outcomes(server, tmp_path, [question("x")], key_variable="CHAT_KEY")
    assert SECRET not in str(caught.value)


def test_a_server_that_is_gone_stops_the_work(server, tmp_path):
    server.reply = lambda handler, body, number: send(handler, 500, b"")
    with pytest.raises(RsvlmError, match="25 requests in a row"):
        outcomes(server, tmp_path, (question(f"q{n}") for n in range(1000)), attempts=1)
    assert len(server.asked) < 60


def test_the_key_is_sent_and_never_shown(server, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("CHAT_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    server.reply = faults_first(status(500), status(400, f"bad key {SECRET}".encode()))
    answered, _ = outcomes(server, tmp_path, [question("x"), question("y")], key_variable="CHAT_KEY", concurrent=1)
    assert server.headers[0]["Authorization"] == f"Bearer {SECRET}"
    assert "bad key ***" in answered[0].detail
    kept = b"".join(path.read_bytes() for path in Path(tmp_path).rglob("*") if path.is_file())
    assert SECRET not in caplog.text + str(answered) + kept.decode()


@pytest.mark.parametrize(
    ("value", "message"), [("", "is not set"), ("  ", "is not set"), ("a\nb", "cannot be a key"), ("schlüssel", "cannot be")]
)
def test_a_missing_or_broken_key_stops_before_any_request(server, tmp_path, monkeypatch, value, message):
    monkeypatch.setenv("CHAT_KEY", value)
    with pytest.raises(ConfigurationError, match=message):
        outcomes(server, tmp_path, [question("x")], key_variable="CHAT_KEY")
    assert server.asked == []


def test_requests_are_bounded_in_number_and_pace(server, tmp_path):
    def slowly(handler, body, number):
        time.sleep(0.05)
        server.echo(handler, body, number)

    server.reply = slowly
    answered, _ = outcomes(server, tmp_path, [question(f"q{n}") for n in range(12)], concurrent=3, per_minute=1200)
    assert [outcome.text for outcome in answered] == [f"Q{n}" for n in range(12)]
    assert server.most_open <= 3
    assert server.began[-1] - server.began[0] >= 11 * 0.05 - 0.01  # 1200 a minute: one every 50 ms


def test_an_unsendable_picture_is_set_aside(server, tmp_path):
    answered, _ = outcomes(server, tmp_path, [question("x", picture=b"GIF89a")])
    assert answered[0].reason == "picture cannot be sent"
    assert server.asked == []


def test_a_stopped_pace_wakes_who_waits():
    pace = Pace(1.0)
    assert pace.take()
    pace.stop()
    assert not pace.take()


def test_retry_after_in_both_forms():
    assert asked_to_wait("17") == 17
    later = email.utils.formatdate(time.time() + 100, usegmt=True)
    assert 97 < asked_to_wait(later) <= 100
    assert [asked_to_wait(text) for text in ("", "soon", "-3", "Mon, 01 Jan 1990 00:00:00 GMT", "٣")] == [0.0] * 5


def test_json_of_the_request_is_plain(server, tmp_path):
    outcomes(server, tmp_path, [question('say "<|im_end|>" 船')])
    assert server.asked[0]["messages"] == [{"role": "user", "content": 'say "<|im_end|>" 船'}]
    assert json.dumps(server.asked[0])
