"""One HTTP session with one platform, which is not trusted.

A request goes only to the platform's own origin, so that its token reaches no other host, even if a link, a line item
or a redirect names one. Replies are streamed, and their bytes and seconds are bounded. No message contains a token.
"""

import io
import json
import re
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, NameResolutionError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse

from grader.model.errors import PlatformFailed, UsageError
from grader.push.address import check_address, find_origin
from grader.reporting.safe_text import remove_control_characters

Result = TypeVar("Result")

# Replies that may differ when the request is sent once more.
_PASSING = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}
_WORDS = re.compile(r'"(?:message|error_description|error)"\s*:\s*"((?:[^"\\]|\\.)*)"')
# Only keys, tokens and signatures are as long as this.
_SECRETIVE = re.compile(r"[\w\-.~+/=]{40,}")
_CHUNK_BYTES = 65536
_READ_FOR_REASON = 100_000
# The libraries search this header with regular expressions, whose time grows with the square of its length.
_MAX_LINK = 4096


@dataclass(frozen=True)
class PushLimits:
    """The most that a platform may send, and for how long, in one reply, one listing and one run."""

    reply_bytes: int = 8 << 20
    reply_seconds: float = 60.0
    run_bytes: int = 256 << 20
    run_seconds: float = 1800.0
    pages: int = 1000
    entries: int = 100_000


LIMITS = PushLimits()


class Refusal(Exception):
    """The platform said no, and will say so again."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} ({reason})" if reason else str(status))
        self.status = status
        self.reason = reason


class Unanswered(Exception):
    """No reply, or one that may differ next time: 429, 5xx, a dropped connection."""

    def __init__(self, reason: str, status: int = 0, raw: BaseHTTPResponse | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.raw = raw


class BadReply(Exception):
    """The platform sent more than it may, or never comes to an end; the message continues "Canvas at HOST ..."."""


class PlatformSession(requests.Session):
    """A session with one platform; `status` is that of the last reply.

    `token_url` may lie at another origin. Only requests without a token go there.
    """

    def __init__(self, name: str, address: str, *, token_url: str = "") -> None:
        super().__init__()
        self.place = f"{name} at {urlsplit(check_address(address)).netloc}"
        self.limits = LIMITS
        self.status = 0
        self._origin = find_origin(address)
        self._token_origin = find_origin(check_address(token_url)) if token_url else self._origin
        self._end = time.monotonic() + self.limits.run_seconds
        self._received = 0
        # With any function here, requests does not replace the token by a password from .netrc.
        self.auth = lambda request: request
        self.headers["Accept-Encoding"] = "identity"  # a compressed reply could be small here and huge in memory
        self._adapter = _CuttingAdapter()
        self.mount("https://", self._adapter)
        self.mount("http://", self._adapter)

    @property
    def seconds_left(self) -> float:
        """Return how long this run may still take."""
        return self._end - time.monotonic()

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect: a POST would become a GET, and the token would go to another address."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request. Raises Refusal, Unanswered, BadReply, or UsageError if nothing may be sent there."""
        self._check_target(request)
        seconds = min(self.limits.reply_seconds, self.seconds_left)
        if seconds <= 0:
            raise PlatformFailed(f"{self.place} {describe_overrun(self.limits)}")
        given = kwargs | {"timeout": self.limits.reply_seconds, "allow_redirects": False, "stream": True}

        def exchange() -> tuple[requests.Response, bytes]:
            with super(PlatformSession, self).send(request, **given) as response:
                return response, self._read(response)

        response, data = self._explain_errors(exchange, seconds)
        self._received += len(data)
        if self._received > self.limits.run_bytes:
            raise BadReply(f"sent more than {self.limits.run_bytes >> 20} MB in one run")
        self.status = response.status_code
        if response.status_code >= 300:
            raise _make_failure(response, data)
        response.raw = io.BytesIO(data)
        response.encoding = "utf-8"  # as JSON demands; otherwise requests may guess, which is slow
        return response

    def _check_target(self, request: requests.PreparedRequest) -> None:
        url = check_address(request.url or "")
        origin = find_origin(url)
        if origin == self._origin or (origin == self._token_origin and "Authorization" not in request.headers):
            return
        raise UsageError(
            f"{self.place} refers to another address, {urlsplit(url).netloc}, which its token is not for: nothing was "
            "sent there; check the addresses that were passed"
        )

    def _read(self, response: requests.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise BadReply("sent a compressed reply, which was not asked for")
        if len(response.headers.get("Link", "")) > _MAX_LINK:
            raise BadReply(f"sent a Link header of more than {_MAX_LINK} characters")
        data = bytearray()
        while chunk := response.raw.read(_CHUNK_BYTES, decode_content=False):
            data += chunk
            if len(data) > self.limits.reply_bytes:
                raise BadReply(f"sent more than {self.limits.reply_bytes >> 20} MB in one reply")
        return bytes(data)

    def _explain_errors(self, act: Callable[[], Result], seconds: float) -> Result:
        try:
            return run_bounded(act, seconds)
        except requests.exceptions.SSLError as error:
            raise UsageError(
                f"{self.place} has a certificate that cannot be trusted: check the address, or name its authority in "
                "REQUESTS_CA_BUNDLE"
            ) from error
        except (TimeoutError, requests.Timeout, ReadTimeoutError) as error:
            self._adapter.cut()
            raise Unanswered(f"gave no complete reply within {self.limits.reply_seconds:g} s") from error
        except requests.RequestException as error:
            cause = getattr(error.args[0] if error.args else None, "reason", None)
            unknown = isinstance(cause, NameResolutionError)
            raise Unanswered("cannot be found: no such host" if unknown else "dropped the connection") from error
        except HTTPError as error:
            raise Unanswered("dropped the connection") from error


class _CuttingAdapter(requests.adapters.HTTPAdapter):
    """An adapter that knows its open sockets, so that a request in another thread can be ended."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        if "ConnectionCls" in vars(pool):
            return pool
        sockets, plain = self._sockets, pool.ConnectionCls

        class TrackedConnection(plain):  # type: ignore[misc, valid-type]
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        pool.ConnectionCls = TrackedConnection
        return pool

    def cut(self) -> None:
        """End every connection; a thread that reads from one gets an error."""
        while self._sockets:
            with suppress(OSError):  # it was closed before
                self._sockets.pop().shutdown(socket.SHUT_RDWR)


class PageGuard:
    """Watch one listing. A loop of pages, or a listing without end, raises BadReply."""

    def __init__(self, limits: PushLimits) -> None:
        self._limits = limits
        self._seen: set[str] = set()
        self._entries = 0

    def enter(self, url: str) -> None:
        """Note the address of the next page."""
        if url in self._seen:
            raise BadReply("sent a list whose pages go round in a circle")
        self._seen.add(url)
        if len(self._seen) > self._limits.pages:
            raise BadReply(f"sent a list of more than {self._limits.pages} pages")

    def count(self, entries: int) -> None:
        """Note how many entries the page has."""
        self._entries += entries
        if self._entries > self._limits.entries:
            raise BadReply(f"sent a list of more than {self._limits.entries} entries")


def run_bounded(act: Callable[[], Result], seconds: float) -> Result:
    """Return what `act` returns. Raises TimeoutError after `seconds`, even if `act` waits for ever.

    A socket's timeout is not enough: a server that sends one byte a minute never meets it.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(act())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            future.set_exception(error)

    Thread(target=run, daemon=True, name=f"push {id(future)}").start()
    return future.result(timeout=seconds)


def describe_overrun(limits: PushLimits) -> str:
    """Return what to say when a run has taken all its time."""
    minutes = limits.run_seconds / 60
    return f"has taken more than {minutes:g} minutes: run the same command again: it sends only what is missing"


def _make_failure(response: requests.Response, data: bytes) -> Refusal | Unanswered:
    text = data[:_READ_FOR_REASON].decode("utf-8", "replace")
    status, reason = response.status_code, _read_reason(response, text)
    if 300 <= status < 400:
        return Refusal(status, "it redirects elsewhere")
    # Old versions of Canvas reply 403 to a client that is too fast.
    if status == 403 and "rate limit exceeded" in text.casefold():
        status = 429
    if status in _PASSING:
        return Unanswered(f"answered {status} ({reason})" if reason else f"answered {status}", status, response.raw)
    return Refusal(status, reason)


def _read_reason(response: requests.Response, text: str) -> str:
    """Return the platform's own words: short, on one line, and without what it may repeat of our request."""
    token = str(response.request.headers.get("Authorization", "")).rpartition(" ")[2]
    words = []
    for found in _WORDS.findall(text):
        try:  # a token in escapes would not be recognised as one
            words.append(str(json.loads(f'"{found}"', strict=False)))
        except ValueError:
            words.append(found)
    joined = ", ".join(dict.fromkeys(words))
    clean = joined.replace(token, "...") if token else joined
    return " ".join(remove_control_characters(_SECRETIVE.sub("...", clean)).split())[:200]
