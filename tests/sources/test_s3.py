import os
import random
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, IncompleteReadError

from rsvlm.errors import SourceError
from rsvlm.sources.definition import S3Address
from rsvlm.sources.s3 import Client
from rsvlm.sources.store import Store, Wanted
from tests.objectstore import KEY, SECRET, object_store, set_credentials

from .conftest import Server, sha256, whole

DATA = bytes(range(256)) * 20_000


class _Body:
    def __init__(self, data: bytes, fails: bool) -> None:
        self.data, self.fails = data, fails

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        yield self.data
        if self.fails:
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)


class _Fake:
    """Plays a list of events: bytes to send before a cut, or an error code; then sends the rest."""

    def __init__(self, events: list[int | str]) -> None:
        self.events, self.requests = events, list[dict[str, Any]]()

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        start = int(request.get("Range", "bytes=0-")[6:-1])
        event = self.events.pop(0) if self.events else None
        if isinstance(event, str):
            raise ClientError({"Error": {"Code": event, "Message": f"signed with {SECRET}"}}, "GetObject")
        sent = DATA[start:] if event is None else DATA[start : start + event]
        return {"Body": _Body(sent, event is not None), "ContentRange": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"}


def _bring(fake: _Fake, tmp_path: Path, **address: Any) -> tuple[Path, int]:
    connections = 0

    def connect() -> _Fake:
        nonlocal connections
        connections += 1
        return fake

    client = Client(S3Address(kind="s3", bucket="bucket", prefix="scenes/", **address), connect)
    return client.bring(Wanted("a.tif", sha256(DATA), len(DATA)), Store(tmp_path / "store")), connections


def test_goes_on_after_cuts_and_says_who_pays(tmp_path: Path) -> None:
    fake = _Fake([1_000, 0, 2_000])
    path, _ = _bring(fake, tmp_path, requester_pays=True)
    assert path.read_bytes() == DATA
    assert [request.get("Range") for request in fake.requests] == [None, "bytes=1000-", "bytes=1000-", "bytes=3000-"]
    assert {request["RequestPayer"] for request in fake.requests} == {"requester"}
    assert fake.requests[0]["Key"] == "scenes/a.tif"


@pytest.mark.fault
def test_expired_credentials_are_read_again_once(tmp_path: Path) -> None:
    path, connections = _bring(_Fake([1_000, "ExpiredToken"]), tmp_path)
    assert (path.read_bytes() == DATA, connections) == (True, 2)
    with pytest.raises(SourceError, match="reading them again did not help"):
        _bring(_Fake(["ExpiredToken", "ExpiredToken"]), tmp_path / "again")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("NoSuchKey", "no such object"),
        ("AccessDenied", "access refused"),
        ("SignatureDoesNotMatch", "access refused"),
        ("Odd", "with an error"),
    ],
)
def test_errors_are_plain_and_hold_no_secret(tmp_path: Path, code: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        _bring(_Fake([code]), tmp_path)
    assert SECRET not in str(caught.value)
    assert str(caught.value).startswith("s3://bucket/scenes/a.tif: ")


def test_an_endpoint_that_nobody_serves(tmp_path: Path) -> None:
    class Absent:
        def get_object(self, **request: Any) -> dict[str, Any]:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    client = Client(S3Address(kind="s3", bucket="scenes", endpoint_url="http://127.0.0.1:1"), Absent)
    with pytest.raises(SourceError, match="EndpointConnectionError; check endpoint_url"):
        client.bring(Wanted("a.tif"), Store(tmp_path / "store"))


@pytest.mark.parametrize(
    ("environment", "endpoint", "words"),
    [
        ({}, None, "no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"),
        ({"AWS_PROFILE": "nosuch"}, None, r"not whole: The config profile \(nosuch\) could not be found"),
        ({"AWS_ACCESS_KEY_ID": KEY}, None, "not whole: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY"),
        ({"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}, "http://??", "ValueError; check endpoint_url"),
    ],
)
def test_credentials_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], endpoint: str | None, words: str
) -> None:
    """The real client, which finds out before it sends anything."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nowhere = dict.fromkeys(("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"), str(tmp_path / "none"))
    for name, value in {**nowhere, "AWS_EC2_METADATA_DISABLED": "true", **environment}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SourceError, match=words) as caught:
        Client(S3Address(kind="s3", bucket="scenes", endpoint_url=endpoint)).bring(Wanted("a.tif"), Store(tmp_path / "store"))
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.fault
def test_gives_up_when_nothing_more_comes(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="5 times in a row; run again to go on"):
        _bring(_Fake([1_000, 0, 0, 0, 0, 0, 0]), tmp_path)
    assert not list((tmp_path / "store").glob(sha256(DATA)))


def _error(handler: BaseHTTPRequestHandler, status: int, code: str) -> None:
    body = f"<Error><Code>{code}</Code><Message>{SECRET}</Message></Error>".encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.mark.fault
@pytest.mark.usefixtures("credentials")
def test_a_store_with_bad_days_gives_the_bytes_all_the_same(server: Server, tmp_path: Path) -> None:
    """The real client: a fifth of the answers are errors, a fifth end in the middle."""
    chance, seen = random.Random(8), Counter[str]()

    def moody(handler: BaseHTTPRequestHandler) -> None:
        mood = chance.choices(["well", "error", "cut"], [0.6, 0.2, 0.2])[0]
        seen[mood] += 1
        if mood == "error":
            _error(handler, *chance.choice([(500, "InternalError"), (503, "SlowDown"), (503, "ServiceUnavailable")]))
        else:
            whole(DATA, cut=chance.randrange(len(DATA) // 2) if mood == "cut" else None)(handler)

    server.answers["/scenes/2024/a.tif"] = moody
    for number in range(16):
        wanted = Wanted("a.tif", sha256(DATA), len(DATA))
        assert _real(server.url).bring(wanted, Store(tmp_path / str(number))).read_bytes() == DATA
    assert min(seen["error"], seen["cut"]) >= 2


@pytest.mark.fault
@pytest.mark.usefixtures("credentials")
def test_a_store_that_never_recovers_is_given_up(server: Server, tmp_path: Path) -> None:
    server.answers["/scenes/2024/a.tif"] = lambda handler: _error(handler, 503, "SlowDown")
    with pytest.raises(SourceError, match=r"the store answered with an error \(SlowDown\)") as caught:
        _real(server.url).bring(Wanted("a.tif", sha256(DATA), len(DATA)), Store(tmp_path / "store"))
    assert len(server.asked) == 6, "once, and five times again"
    assert SECRET not in str(caught.value)
    assert not list((tmp_path / "store").glob(sha256(DATA)))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real store."""
    with object_store(tmp_path_factory.mktemp("weed"), {"2024/a.tif": DATA}) as url:
        yield url


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    set_credentials(monkeypatch)


def _real(endpoint: str, prefix: str = "2024/") -> Client:
    return Client(S3Address(kind="s3", bucket="scenes", prefix=prefix, endpoint_url=endpoint, requester_pays=True))


@pytest.mark.integration
@pytest.mark.usefixtures("credentials")
def test_a_real_store_gives_an_object_and_the_rest_of_one(endpoint: str, tmp_path: Path) -> None:
    store, wanted = Store(tmp_path / "store"), Wanted("a.tif", sha256(DATA), len(DATA))
    assert _real(endpoint).bring(wanted, store).read_bytes() == DATA
    store.path(sha256(DATA)).unlink()
    (store.folder / f"{sha256(DATA)}.partial").write_bytes(DATA[:1_000_000])
    assert _real(endpoint).bring(wanted, store).read_bytes() == DATA


@pytest.mark.integration
@pytest.mark.usefixtures("credentials")
def test_a_real_store_refuses_a_wrong_key_and_nothing_leaks(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Wanted("a.tif", sha256(DATA), len(DATA))
    with pytest.raises(SourceError, match="no such object"):
        _real(endpoint).bring(Wanted("absent.tif"), Store(tmp_path / "store"))
    with pytest.raises(SourceError, match="no such object"):
        Client(S3Address(kind="s3", bucket="nobucket", endpoint_url=endpoint)).bring(wanted, Store(tmp_path / "store"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret")
    with pytest.raises(SourceError, match="access refused") as caught:
        _real(endpoint).bring(wanted, Store(tmp_path / "store"))
    assert "wrong-secret" not in str(caught.value)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(SourceError, match="no credentials; set AWS_ACCESS_KEY_ID"):
        _real(endpoint).bring(wanted, Store(tmp_path / "store"))
    assert not [path for path in (tmp_path / "store").iterdir() if path.name != "locks"]
