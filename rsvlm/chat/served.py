"""A chat model behind an OpenAI-compatible address: retries with back-off, a pace, a key that is never shown."""

import os
import threading
import time
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from rsvlm.chat.exchange import Answer, Request, seed_from
from rsvlm.chat.pace import LONGEST_ASKED, Pace, asked_to_wait, pause_before
from rsvlm.chat.protocol import LONGEST_BODY, Garbled, answer_of, body_of
from rsvlm.chat.settings import ServedSettings, is_private
from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.records.unfit import Unfit

NO_ANSWER = "model gave no answer"
_CONNECT = 15.0  # seconds
_RETRIED = (408, 409, 425, 429, 500, 502, 503, 504, 529)
_HINTS = {
    401: "it refuses the key; set {key}",
    403: "it refuses access; check {key}",
    404: "it knows no such model or path; check base_url and model",
    405: "it takes no chat requests; check base_url",
}
# After so many requests in a row that were set aside, the server is taken to be gone.
_GONE = 25


class _Again(Exception):
    """A failure that may pass; `wait` is what the server asked for, in seconds."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class Served:
    """Asks one request at a time; used by many threads at once."""

    def __init__(self, settings: ServedSettings) -> None:
        """Take the key from the environment; nothing is sent yet.

        Raises:
            ConfigurationError: the variable is not set, or holds what cannot be a key.
        """
        self._settings = settings
        self._key = _key(settings)
        self._url = f"{settings.base_url}/chat/completions"
        self._pace = Pace(settings.per_minute)
        self._pool = _pool(settings)
        self._lock = threading.Lock()
        self._failed = 0

    def ask(self, key: str, request: Request) -> Answer | Unfit:
        """Answer one request, or say why there is no answer.

        Raises:
            ConfigurationError: the server refuses whatever is asked (key, model, path).
            RsvlmError: many requests in a row got no answer.
        """
        try:
            answer = self._tried(body_of(request, self._settings, seed_from(key)))
        except Unfit as unfit:
            self._count(unfit)
            return unfit.with_traceback(None)  # frames would keep the body, pictures and all
        self._count(None)
        return answer

    def leave(self) -> None:
        """Stop trying: what waits for its next attempt gives up."""
        self._pace.stop()

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def _tried(self, body: bytes) -> Answer:
        """Send until there is an answer or no attempt is left."""
        reason, attempt = "the work was stopped", 0
        while attempt < self._settings.attempts and self._pace.take():
            attempt += 1
            try:
                return self._send(body)
            except (_Again, Garbled, HTTPError) as error:
                reason = self._hide(str(error) or type(error).__name__)
                asked = getattr(error, "wait", 0.0)
            if asked > LONGEST_ASKED:
                raise Unfit(NO_ANSWER, f"{reason}, and asks to wait {asked:,.0f} s")
            if asked:
                self._pace.hold(asked)
            elif attempt < self._settings.attempts:
                self._pace.wait(pause_before(attempt, self._settings.first_wait))
        raise Unfit(NO_ANSWER, f"{reason} ({attempt} attempts)")

    def _send(self, body: bytes) -> Answer:
        """Send once and read the answer within the time-out."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "rsvlm"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        started = time.monotonic()
        response = self._pool.request("POST", self._url, body=body, headers=headers, preload_content=False, redirect=False)
        try:
            data = self._read(response, started)
            self._check_status(response, data)
        finally:
            response.close() if response.status != 200 else response.release_conn()
        return answer_of(data)

    def _read(self, response: urllib3.BaseHTTPResponse, started: float) -> bytes:
        """Read a body of bounded length in bounded time, also from a server that sends a byte now and then."""
        data = bytearray()
        while block := response.read1(1 << 16):
            data += block
            if len(data) > LONGEST_BODY:
                response.close()
                raise Unfit(NO_ANSWER, f"the server's answer is longer than {LONGEST_BODY:,} bytes")
            if time.monotonic() - started > self._settings.timeout:
                response.close()
                raise _Again(f"no whole answer within {self._settings.timeout:g} s")
        return bytes(data)

    def _check_status(self, response: urllib3.BaseHTTPResponse, data: bytes) -> None:
        status = response.status
        if status == 200:
            return
        if status in _RETRIED:
            raise _Again(f"the server answered {status}", asked_to_wait(response.headers.get("Retry-After", "")))
        if status in _HINTS:
            hint = _HINTS[status].format(key=self._settings.key_variable or "key_variable")
            raise ConfigurationError(f"{self._settings.base_url}: {hint} (HTTP {status})")
        if 300 <= status < 400:
            raise ConfigurationError(f"{self._settings.base_url}: it leads to another address (HTTP {status}); name that one as base_url")
        said = self._hide(" ".join(data[:2000].decode("utf-8", "replace").split())[:200])
        raise Unfit(NO_ANSWER, f"the server answered {status}: {said}")

    def _count(self, unfit: Unfit | None) -> None:
        """Notice when nothing gets through any more."""
        with self._lock:
            self._failed = self._failed + 1 if unfit is not None and unfit.reason == NO_ANSWER else 0
            gone = self._failed >= _GONE
        if gone and unfit is not None:
            raise RsvlmError(
                f"{self._settings.base_url}: {_GONE} requests in a row got no answer, the last: {unfit.detail}; run again later"
            )

    def _hide(self, text: str) -> str:
        """Take the key out of what a server or a library says, and keep it short."""
        return (text.replace(self._key, "***") if self._key else text)[:300]


def _key(settings: ServedSettings) -> str:
    """Return the key, or an empty text where none is sent."""
    if settings.key_variable is None:
        return ""
    key = os.environ.get(settings.key_variable, "").strip()
    if not key:
        raise ConfigurationError(f"{settings.base_url}: the environment variable {settings.key_variable} is not set; it holds the key")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigurationError(f"{settings.base_url}: the environment variable {settings.key_variable} holds what cannot be a key")
    return key


def _pool(settings: ServedSettings) -> urllib3.PoolManager:
    parts = urlsplit(settings.base_url)
    host = parts.hostname or ""
    timeout = urllib3.Timeout(connect=min(_CONNECT, settings.timeout), read=settings.timeout)
    proxy = getproxies().get(parts.scheme)
    if proxy and not is_private(host) and not proxy_bypass(host):
        return urllib3.ProxyManager(proxy, timeout=timeout, retries=False, maxsize=settings.concurrent)
    return urllib3.PoolManager(timeout=timeout, retries=False, maxsize=settings.concurrent)
