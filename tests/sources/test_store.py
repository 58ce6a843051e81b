import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rsvlm.errors import SourceError
from rsvlm.sources.store import Store, Wanted, key_of

from .conftest import sha256

DATA = b"bytes" * 1000
WANTED = Wanted("a", sha256(DATA), len(DATA))


def test_two_at_once_transfer_once(tmp_path: Path) -> None:
    store, calls, running = Store(tmp_path), [], threading.Lock()

    def bring(partial: Path) -> None:
        assert running.acquire(blocking=False)
        calls.append(partial)
        time.sleep(0.1)
        partial.write_bytes(DATA)
        running.release()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: store.get(WANTED.sha256 or "", WANTED, "here", bring), range(4)))
    assert len(calls) == 1
    assert {path.read_bytes() for path in found} == {DATA}


def test_an_interrupted_transfer_goes_on_in_its_partial(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def interrupted(partial: Path) -> None:
        partial.write_bytes(DATA[:100])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.get("key", WANTED, "here", interrupted)
    assert not store.has("key", None)

    def rest(partial: Path) -> None:
        assert partial.read_bytes() == DATA[:100]
        partial.write_bytes(DATA)

    assert store.get("key", WANTED, "here", rest).read_bytes() == DATA


def test_wrong_bytes_get_no_final_name(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(SourceError, match=r"here: 5 bytes instead of 5,000; the publisher changed the file"):
        store.get("key", WANTED, "here", lambda partial: partial.write_bytes(b"wrong") and None)
    assert [path.name for path in tmp_path.iterdir()] == ["locks"]


def test_keys_are_hashes_of_bytes_or_of_addresses() -> None:
    assert key_of("anywhere", WANTED) == sha256(DATA)
    assert key_of("one", Wanted("a")) != key_of("two", Wanted("a")) != key_of("two", Wanted("b"))
