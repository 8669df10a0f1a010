"""The way to a platform: both libraries send through one session, and whatever fails comes back as one of two kinds.

A `Refusal` is a clear no; what is `Unanswered` is asked again, with urllib3's back-off. Neither ever carries a token:
of an answer only its own words are kept, and those are cleaned.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import InvalidHeader, MaxRetryError, NameResolutionError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from grader.model.errors import PlatformFailed, UsageError

Result = TypeVar("Result")

REPEATS = 5
BACKOFF_SECONDS = 1.0
MAX_WAIT_SECONDS = 120
TIMEOUT_SECONDS = 60
# What may be different when it is asked once more.
_PASSING = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_WORDS = re.compile(r'"(?:message|error_description|error)"\s*:\s*"((?:[^"\\]|\\.)*)"')
# As long as this only keys, tokens and signatures are.
_SECRETIVE = re.compile(r"[\w\-.~+/=]{40,}")


class Refusal(Exception):
    """The platform said no, and will say so again."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} ({reason})" if reason else str(status))
        self.status = status
        self.reason = reason


class Unanswered(Exception):
    """No answer, or one that may be another next time: 429, 5xx, a dropped connection."""

    def __init__(self, reason: str, status: int = 0, raw: BaseHTTPResponse | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.raw = raw


class Session(requests.Session):
    """What both libraries send through. `status` is that of the last answer."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 0
        # Anything here keeps requests from taking a password of .netrc in place of the token.
        self.auth = _keep_headers

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Raises Refusal, Unanswered, or UsageError where no answer can be had at that address."""
        check_address(request.url or "")
        # The libraries set no time limit; and a redirected POST would become a GET, which changes nothing.
        given = kwargs | {"timeout": TIMEOUT_SECONDS, "allow_redirects": False}
        try:
            response = super().send(request, **given)
        except requests.exceptions.SSLError as error:
            raise UsageError(
                f"the certificate of {urlsplit(str(request.url)).hostname} cannot be trusted: check the address, or "
                "name its authority in REQUESTS_CA_BUNDLE"
            ) from error
        except requests.RequestException as error:
            raise Unanswered(_tell_drop(error)) from error
        self.status = response.status_code
        if response.status_code >= 300:
            raise _make_failure(response)
        return response


@dataclass(frozen=True)
class Connection:
    """A session with one platform, and what to advise whom it refuses, by the status of its answer.

    `misfits` are what its library raises where an answer is not as documented.
    """

    name: str
    address: str
    session: Session
    advice: Mapping[int, str]
    misfits: tuple[type[Exception], ...] = ()

    def insist(self, act: Callable[[int], Result]) -> Result:
        """What `act` returns, which is told how often it was tried before.

        Raises Refusal at once, and PlatformFailed when waiting has not helped.
        """
        patience, attempt = _make_patience(), 0
        misfits: tuple[type[Exception], ...] = (*self.misfits, AttributeError, KeyError, TypeError, ValueError)
        while True:
            try:
                return act(attempt)
            except Unanswered as failure:
                patience, attempt = self._wait(patience, failure), attempt + 1
            except misfits as error:
                raise UsageError(
                    f"{self.place} answers, but not as documented ({type(error).__name__}): check the address"
                ) from error

    @contextmanager
    def explain(self) -> Iterator[None]:
        """A refusal in here concerns everybody: one sentence for whoever gave the command."""
        try:
            yield
        except Refusal as refusal:
            advice = self.advice.get(refusal.status, "that is not what was expected: check the address")
            raise UsageError(f"{self.place} answered {refusal}: {advice}") from refusal

    @property
    def place(self) -> str:
        """The platform and its host."""
        return f"{self.name} at {urlsplit(self.address).netloc}"

    def _wait(self, patience: Retry, failure: Unanswered) -> Retry:
        try:
            patience = patience.increment(error=failure)
        except MaxRetryError:
            raise PlatformFailed(f"{self.place} {failure}, {REPEATS + 1} times over: {_advise(failure)}") from failure
        try:
            patience.sleep(failure.raw)
        except InvalidHeader:  # its Retry-After is no time
            patience.sleep()
        return patience


def check_address(url: str) -> str:
    """The address, if a token may go there. Raises UsageError."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"no web address was passed ({error}): pass one such as https://lms.example.edu") from error
    if parts.username or parts.password:
        raise UsageError(f"the address of {parts.hostname} holds a user or a password: pass it without")
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UsageError(f"{url!r} is no web address: pass one such as https://lms.example.edu")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise UsageError(f"{url!r} is not encrypted, and a token would be there for all to read: pass https://")
    return url


def read_secret(what: str, variable: str, path: Path | None) -> str:
    """A secret, from a file or else from the environment. Raises UsageError, which never shows it."""
    try:
        secret = path.read_text(encoding="utf-8").strip() if path else os.environ.get(variable, "").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the file with {what} cannot be read at {str(path)!r}: {type(error).__name__}") from error
    if not secret:
        place = f"the file {str(path)!r} is empty" if path else f"the environment variable {variable} is not set"
        raise UsageError(f"no {what}: {place}; put it there, never on the command line")
    return secret


def _make_patience() -> Retry:
    return Retry(
        total=REPEATS,
        backoff_factor=BACKOFF_SECONDS,
        backoff_jitter=BACKOFF_SECONDS,
        backoff_max=MAX_WAIT_SECONDS,
        retry_after_max=MAX_WAIT_SECONDS,
    )


def _make_failure(response: requests.Response) -> Refusal | Unanswered:
    status, reason = response.status_code, _read_reason(response)
    if 300 <= status < 400:
        return Refusal(status, "it redirects elsewhere")
    # Canvas long said 403 to whoever was too fast.
    if status == 403 and "rate limit exceeded" in response.text.casefold():
        status = 429
    if status in _PASSING:
        told = f"answered {status} ({reason})" if reason else f"answered {status}"
        return Unanswered(told, status, response.raw)
    return Refusal(status, reason)


def _read_reason(response: requests.Response) -> str:
    """The platform's own words, short, on one line, and without what it may repeat of our request."""
    token = str(response.request.headers.get("Authorization", "")).rpartition(" ")[2]
    words = ", ".join(dict.fromkeys(_WORDS.findall(response.text[:100_000])))
    clean = words.replace(token, "...") if token else words
    return " ".join(_SECRETIVE.sub("...", clean).split())[:200]


def _tell_drop(error: requests.RequestException) -> str:
    cause = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(cause, NameResolutionError):
        return "cannot be found: no such host"
    if isinstance(error, requests.Timeout):
        return f"gave no answer within {TIMEOUT_SECONDS} s"
    return "dropped the connection"


def _advise(failure: Unanswered) -> str:
    again = "run the same command again: it goes on with what is missing"
    if failure.status == 429:
        return f"it takes no more for now; wait some minutes, then {again}"
    if failure.status:
        return f"the trouble is its own; when it is well, {again}"
    return f"check the address and the network, then {again}"


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
