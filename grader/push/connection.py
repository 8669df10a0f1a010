"""Try again what may pass, and put what does not into one sentence for the person who gave the command."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError
from urllib3.exceptions import InvalidHeader, MaxRetryError
from urllib3.util import Retry

from grader.model.errors import PlatformFailed, UsageError
from grader.push.replies import describe_misfit
from grader.push.session import BadReply, PlatformSession, Refusal, Unanswered, describe_overrun

Result = TypeVar("Result")

REPEATS = 5
BACKOFF_SECONDS = 1.0
MAX_WAIT_SECONDS = 120
# What our code or a library raises if a reply is not as documented.
_MISFITS = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
_AGAIN = "run the same command again: it sends only what is missing"


@dataclass(frozen=True)
class Connection:
    """A session with one platform. `advice` says what to do about a refusal, by its status.

    `misfits` are the exceptions of its library for a reply that is not as documented.
    """

    session: PlatformSession
    advice: Mapping[int, str]
    misfits: tuple[type[Exception], ...] = ()

    @property
    def place(self) -> str:
        """Return the platform and its host, for messages."""
        return self.session.place

    def insist(self, act: Callable[[int], Result]) -> Result:
        """Return what `act` returns; its argument is the number of earlier attempts.

        Raises Refusal at once, and PlatformFailed if waiting has not helped.
        """
        patience = Retry(
            total=REPEATS,
            backoff_factor=BACKOFF_SECONDS,
            backoff_jitter=BACKOFF_SECONDS,
            backoff_max=MAX_WAIT_SECONDS,
            retry_after_max=MAX_WAIT_SECONDS,
        )
        attempt = 0
        misfits: tuple[type[Exception], ...] = (*self.misfits, *_MISFITS)
        while True:
            try:
                return act(attempt)
            except Unanswered as failure:
                patience, attempt = self._wait(patience, failure), attempt + 1
            except BadReply as error:
                raise PlatformFailed(f"{self.place} {error}: check the address; if it is right, report this") from error
            except ValidationError as error:
                raise self._make_misfit(describe_misfit(error)) from error
            except misfits as error:
                raise self._make_misfit(type(error).__name__) from error

    @contextmanager
    def explain(self) -> Iterator[None]:
        """Turn a refusal inside the block, which concerns the whole class, into a sentence with advice."""
        try:
            yield
        except Refusal as refusal:
            advice = self.advice.get(refusal.status, "that was not expected: check the address")
            raise UsageError(f"{self.place} answered {refusal}: {advice}") from refusal

    def _make_misfit(self, what: str) -> UsageError:
        return UsageError(f"{self.place} answers, but not as documented ({what}): check the address")

    def _wait(self, patience: Retry, failure: Unanswered) -> Retry:
        try:
            patience = patience.increment(error=failure)
        except MaxRetryError:
            advice = "check the address and the network, then"
            if failure.status:
                advice = "the problem is on its side; when it is solved,"
            if failure.status == 429:
                advice = "it accepts no more requests for now; wait some minutes, then"
            tries = f"{REPEATS + 1} times"
            raise PlatformFailed(f"{self.place} {failure}, {tries}: {advice} {_AGAIN}") from failure
        try:
            wanted = patience.get_retry_after(failure.raw) if failure.raw else None
        except InvalidHeader:
            wanted = None
        seconds = wanted or patience.get_backoff_time()
        if seconds >= self.session.seconds_left:
            raise PlatformFailed(f"{self.place} {describe_overrun(self.session.limits)}") from failure
        if seconds:
            time.sleep(seconds)
        return patience
