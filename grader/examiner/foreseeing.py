"""A channel that carries out the requests of a test before the test itself runs.

The test finds the replies when it runs, and goes on live after them. It receives what it would have received without
this: the same child, asked the same in the same order, within the same limits.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.examiner.replay import Unrecorded
from grader.model.verdict import SubmissionError
from grader.wire.frames import Frame
from grader.wire.messages import is_load

if TYPE_CHECKING:
    from grader.sandbox.channel import Channel

# Set to `off`, this variable of the environment has every test run for every submission. Grades are the same.
FORESIGHT = "GRADER_FORESIGHT"


class Unforeseen(Unrecorded):
    """A test asks something else than before, although the replies are the same."""


@dataclass(frozen=True)
class LiveExchange:
    """Requests that were sent at once, and their replies, or the error that came instead."""

    frames: Sequence[Frame]
    replies: Sequence[Frame] = ()
    error: SubmissionError | None = None


class ForeseeingChannel:
    """A channel, and the exchanges of the present test on it.

    `is_whole` says that the child of this test is the one that it started with.
    """

    def __init__(self, live: "Channel") -> None:
        self.live = live
        self.exchanges: list[LiveExchange] = []
        self.is_whole = True
        self._taken = 0
        self._is_started = False

    @property
    def peak_kb(self) -> int:
        return self.live.peak_kb

    @property
    def is_exhausted(self) -> bool:
        """Tell whether the test has asked for everything that was carried out."""
        return self._taken == len(self.exchanges)

    def start_test(self) -> bool:
        """Start a test, unless it was started ahead and runs only now."""
        if self._is_started:
            self._is_started = False
            return False
        self.exchanges, self._taken, self.is_whole = [], 0, True
        return self.live.start_test()

    def carry_out(self, frames: Sequence[Frame]) -> LiveExchange:
        """Have the next requests of a test carried out. A SubmissionError is kept for the test."""
        try:
            exchange = LiveExchange(frames, self.live.ask(frames))
        except SubmissionError as error:
            exchange = LiveExchange(frames, error=error)
        self.exchanges.append(exchange)
        return exchange

    def rewind(self) -> None:
        """Let the test itself run now: it finds what was carried out."""
        self._taken = 0
        self._is_started = True

    def discard(self) -> None:
        """Forget what was carried out: the test starts again from its beginning."""
        self.exchanges, self._taken, self._is_started = [], 0, False

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """Return the replies to requests, which may be there already. Raises Unforeseen if others are."""
        if is_load(frames[0]):
            return self.live.ask(frames)  # it belongs to no test
        if self.is_exhausted:
            self.carry_out(frames)
        exchange = self.exchanges[self._taken]
        if [frame.packed for frame in exchange.frames] != [frame.packed for frame in frames]:
            raise Unforeseen
        self._taken += 1
        if exchange.error is not None:
            raise exchange.error
        return list(exchange.replies)

    def read_cpu_seconds(self) -> float:
        return self.live.read_cpu_seconds()

    @property
    def used_share(self) -> float:
        return self.live.used_share

    def close(self) -> None:
        self.is_whole = False
        self.live.close()


def foresee(channel: "Channel") -> "Channel":
    """Return a channel on which tests are foreseen, unless the environment turns that off."""
    return channel if os.environ.get(FORESIGHT) == "off" else ForeseeingChannel(channel)
