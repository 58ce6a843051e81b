import errno
import os
import socket
from pathlib import Path

import pytest
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NameResolutionError

from rsvlm.errors import RsvlmError, SourceError
from rsvlm.sources import http
from rsvlm.sources.http import Patience, check_url, download

from .conftest import Server, in_turn, plain, whole

DATA = bytes(range(256)) * 4_000


def test_brings_the_bytes(server: Server, tmp_path: Path, impatient: Patience) -> None:
    server.answers["/a"] = whole(DATA)
    download(f"{server.url}/a", tmp_path / "a", size=len(DATA), patience=impatient)
    assert (tmp_path / "a").read_bytes() == DATA


def test_goes_on_where_it_was_cut_off(server: Server, tmp_path: Path, impatient: Patience) -> None:
    server.answers["/a"] = in_turn(whole(DATA, cut=600_000), plain(503), whole(DATA, cut=300_000), whole(DATA))
    download(f"{server.url}/a", tmp_path / "a", size=len(DATA), patience=impatient)
    assert (tmp_path / "a").read_bytes() == DATA
    starts = [int((asked or "bytes=0-")[6:-1]) for _, asked in server.asked]
    assert starts[0] == 0
    assert starts[1] > 500_000
    assert starts == sorted(starts)


def test_starts_again_where_the_server_knows_no_ranges(server: Server, tmp_path: Path, impatient: Patience) -> None:
    server.answers["/a"] = in_turn(whole(DATA, cut=300_000), whole(DATA, ranges=False))
    download(f"{server.url}/a", tmp_path / "a", patience=impatient)
    assert (tmp_path / "a").read_bytes() == DATA


def test_a_partial_longer_than_the_file_is_dropped(server: Server, tmp_path: Path, impatient: Patience) -> None:
    (tmp_path / "a").write_bytes(DATA + b"more")
    server.answers["/a"] = whole(DATA)
    download(f"{server.url}/a", tmp_path / "a", patience=impatient)
    assert (tmp_path / "a").read_bytes() == DATA


@pytest.mark.fault
def test_gives_up_after_some_failures_and_keeps_what_it_has(server: Server, tmp_path: Path, impatient: Patience) -> None:
    server.answers["/a"] = in_turn(whole(DATA, cut=400_000), plain(500))
    with pytest.raises(SourceError, match=r"answered 500; gave up after 3 attempts; run again"):
        download(f"{server.url}/a", tmp_path / "a", size=len(DATA), patience=impatient)
    assert (tmp_path / "a").stat().st_size > 200_000


@pytest.mark.fault
def test_total_time_is_bounded(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = plain(503, Retry_After="3600")
    with pytest.raises(SourceError, match="gave up after 0 s"):
        download(f"{server.url}/a", tmp_path / "a", patience=Patience(total=1.0))


@pytest.mark.parametrize(("status", "words"), [(404, "no such file"), (403, "refused"), (401, "credentials"), (418, "refused")])
def test_final_answers_are_not_asked_again(server: Server, tmp_path: Path, impatient: Patience, status: int, words: str) -> None:
    server.answers["/a"] = plain(status)
    with pytest.raises(SourceError, match=words):
        download(f"{server.url}/a?signature=secret", tmp_path / "a", patience=impatient) if status == 0 else download(
            f"{server.url}/a", tmp_path / "a", patience=impatient
        )
    assert len(server.asked) == 1


def test_a_signature_never_reaches_a_message(server: Server, tmp_path: Path, impatient: Patience) -> None:
    with pytest.raises(SourceError) as caught:
        download(f"{server.url}/a?X-Amz-Signature=topsecret", tmp_path / "a", patience=impatient)
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("limit", [{"size": 1_000}, {"max_bytes": 1_000}])
def test_longer_than_promised_is_stopped(server: Server, tmp_path: Path, impatient: Patience, limit: dict[str, int]) -> None:
    server.answers["/a"] = whole(DATA)
    with pytest.raises(SourceError, match="longer than the 1,000 bytes"):
        download(f"{server.url}/a", tmp_path / "a", patience=impatient, **limit)
    assert (tmp_path / "a").stat().st_size == 0


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:1/x", "https://127.0.0.1:1/x", "https://169.254.169.254/latest/meta-data", "http://example.org/x", "file:///etc/passwd",
     "https://10.0.0.1/x", "https://[::1]/x", "https://localhost/x", "https://user:word@example.org/x"],
)  # fmt: skip
def test_redirects_lead_nowhere_private(server: Server, tmp_path: Path, impatient: Patience, target: str) -> None:
    server.answers["/a"] = plain(302, Location=target)
    with pytest.raises(SourceError, match=r"refused|only https|user name"):
        download(f"{server.url}/a", tmp_path / "a", patience=impatient)
    assert not (tmp_path / "a").exists()


def test_a_public_name_that_leads_to_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch, server: Server, tmp_path: Path) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("127.0.0.1", port))])
    with pytest.raises(SourceError, match=r"data\.example\.org: its name leads to 127\.0\.0\.1"):
        download(f"https://data.example.org:{port}/a", tmp_path / "a", patience=Patience(attempts=1))
    assert server.asked == []


def test_a_private_host_that_the_definition_names_is_reached(server: Server, tmp_path: Path) -> None:
    """It gets as far as the greeting, which this server, which has no https, does not know."""
    port = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(SourceError, match="SSL"):
        download(f"https://127.0.0.1:{port}/a", tmp_path / "a", patience=Patience(attempts=1))


@pytest.mark.parametrize("url", ["http://example.org/a", "ftp://example.org/a", "https://192.168.0.1/a", "https://printer.local/a"])
def test_addresses_that_are_never_touched(url: str) -> None:
    with pytest.raises(SourceError):
        check_url(url)


def test_the_definition_may_name_a_private_host_itself() -> None:
    check_url("http://10.1.2.3:8080/a", own_host="10.1.2.3")
    check_url("https://example.org/a")
    for url, host in (("http://10.1.2.3:8080/a", "10.1.2.4"), ("http://10.1.2.4/a", "10.1.2.3")):
        with pytest.raises(SourceError):
            check_url(url, own_host=host)


@pytest.mark.fault
def test_a_full_disk_is_said_and_not_retried(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["/a"] = whole(DATA)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(http, "_transfer", full)
    with pytest.raises(RsvlmError, match="the disk is full"):
        download(f"{server.url}/a", tmp_path / "a")


def test_a_name_that_leads_nowhere_is_told_without_the_connection_object() -> None:
    failure = NameResolutionError("h.invalid", HTTPSConnection("h.invalid"), socket.gaierror(-2, "Name or service not known"))
    assert http._short(str(failure)) == "Failed to resolve 'h.invalid' ([Errno -2] Name or service not known)"
