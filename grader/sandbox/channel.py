"""The only seam between the examiner and a submission: requests go in, replies come out.

`JailChannel` asks a confined child; `sandbox.in_process` asks the same code in this process. A reply is only a claim.
"""

import functools
import os
import re
import select
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from grader.model.assignment import Limits
from grader.model.errors import GraderFault
from grader.model.verdict import SubmissionError, Verdict
from grader.sandbox.child import Child
from grader.sandbox.cpu_budget import CpuBudget
from grader.sandbox.isolation import Isolation
from grader.sandbox.jail import Jail
from grader.wire.control import Exit
from grader.wire.frames import Frame, Inbox, ProtocolError, read_frame
from grader.wire.messages import is_begin, is_load

# The time between two looks at the limits while a reply is awaited. An overrun of this length costs less than more
# frequent system calls.
TICK_SECONDS = 0.05
# Work is stopped at this share of its CPU limit. A test that ends between the limit and this was too slow as well, and
# `examiner.time_limit` decides about it: whether code is endless must not depend on the machine's speed at a moment.
STOP_TEST_AT = 2.0
STOP_TOP_LEVEL_AT = 1.5
# Definitions that run in this share of a test's limit are charged to the test: to keep them apart costs more.
QUICK_BEGIN = 0.01


# Lines of a stack that are kept, the innermost ones.
MAX_LINES = 20


class Channel(Protocol):
    """Carry frames to a submission and bring the answers back."""

    @property
    def peak_kb(self) -> int:
        """Return the most memory that one of its processes took."""

    def start_test(self) -> bool:
        """Reset the limits for a new test. Return whether the submission must be loaded (again)."""

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """Return the replies to requests sent at once, in order. Raises SubmissionError if one is missing."""

    def read_cpu_seconds(self) -> float:
        """Return the CPU time of the test that started last, without the time that running definitions took."""

    @property
    def used_share(self) -> float:
        """Return how much of its CPU limit that test has used, at the speed that the machine had: 1 for all of it."""

    def close(self) -> None:
        """Release everything."""


@dataclass(frozen=True)
class _Phase:
    """The work that a child does: its CPU allowance, and the messages for a limit that it meets."""

    is_test: bool
    cpu_seconds: float
    stop_at: float
    computing: str
    asleep: str


class JailChannel:
    """The submission in a confined child, which is replaced when it ends or overruns."""

    def __init__(self, jail: Jail, limits: Limits, *, module: str = "", stop_test_at: float = STOP_TEST_AT) -> None:
        """`module` is the name that the submission is loaded by, to find its lines where it overruns."""
        self.jail = jail
        self.limits = limits
        self.child: Child | None = None
        self.peak_kb = 0
        self._budget: CpuBudget | None = None
        self._stop_test_at = stop_test_at
        self._frame = re.compile(rb'File "<%b>", line (\d{1,6}) in ' % re.escape(module.encode())) if module else None
        self._phase = _describe_test(limits, stop_test_at)
        self._asleep_seconds = 0.0
        self._next_look = 0.0
        self._is_begin_quick = False
        self._failed_loads: dict[bytes, SubmissionError] = {}
        self._inbox = Inbox(lambda at_most: b"")  # nothing arrives before there is a child
        self._poller = select.poll()

    def start_test(self) -> bool:
        """Start the clocks of one test, with a child ready to answer."""
        # The kernel counts what a child computes in all, and a slow machine makes it more: a long suite must not reach
        # that limit test by test.
        if self.child and self._budget and self._budget.child_seconds > self.limits.all_cpu_seconds / 2:
            self._retire()
        fresh = self.child is None
        if self.child is None:
            self.child = child = self.jail.spawn(self.limits)
            self._inbox = Inbox(functools.partial(self._receive, child))
            self._poller = select.poll()
        self._start_phase(self.child, _describe_test(self.limits, self._stop_test_at))
        return fresh

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """Send requests and wait for their answers, within the limits.

        The definitions run at a Load, and those that every test gets fresh at a Begin: neither is charged to the test,
        unless a Begin takes next to nothing.
        """
        child = self.child
        if child is None:
            raise SubmissionError(Verdict.CRASHED, "the code ended its process earlier in this test")
        if is_load(frames[0]):
            return self._load(child, frames[0])
        if not is_begin(frames[0]):
            return self._exchange(child, frames)
        begun = [] if self._is_begin_quick else self._begin(child, frames[0])
        # Only now, with the child waiting, are the other requests sent: the test pays for all of its own work.
        self._start_phase(child, _describe_test(self.limits, self._stop_test_at))
        waiting = frames[len(begun) :]
        return begun + self._exchange(child, waiting) if waiting else begun

    def _begin(self, child: Child, frame: Frame) -> list[Frame]:
        work = "running the file's top level for a test"
        self._start_phase(child, _describe_top_level(work, self.limits.cpu_seconds, self.limits))
        replies = self._exchange(child, [frame])
        self._is_begin_quick = self._budget is not None and self._budget.used_share < QUICK_BEGIN
        return replies

    def _load(self, child: Child, frame: Frame) -> list[Frame]:
        # A load that failed would fail again, at the same cost for every test.
        key = frame.packed
        if error := self._failed_loads.get(key):
            raise SubmissionError(error.verdict, error.message, hint=error.hint, lines=error.lines)
        self._is_begin_quick = False
        self._start_phase(child, _describe_top_level("loading the file", self.limits.load_cpu_seconds, self.limits))
        try:
            replies = self._exchange(child, [frame])
        except SubmissionError as error:
            self._failed_loads[key] = error
            raise
        # Tests may go on without a Begin.
        self._start_phase(child, _describe_test(self.limits, self._stop_test_at))
        return replies

    def _exchange(self, child: Child, frames: Sequence[Frame]) -> list[Frame]:
        self._next_look = time.monotonic() + TICK_SECONDS
        try:
            self._send(child, b"".join([frame.packed for frame in frames]))
            # Bytes beyond a reply stay in the inbox, and their number gives them away to the next question.
            replies = [read_frame(self._inbox.read_exactly) for _ in frames]
        except ProtocolError as error:
            self._retire()
            raise SubmissionError(Verdict.MALFORMED_REPLY, f"the reply could not be read: {error}") from error
        except (EOFError, ConnectionError) as error:
            # A child that only closes the channel must still end: if we killed it at once, the cause would be ours.
            ended = child.await_end(self.limits.asleep_seconds)
            death = self._retire()
            if not ended:
                raise SubmissionError(Verdict.CRASHED, "the code closed its connection to the grader") from error
            raise self._explain_death(death) from error
        # Also if it answered before a look: a verdict must not depend on the moment of the look.
        self._check_computing()
        return replies

    def hand_over(self, descriptor: int) -> None:
        """Send a descriptor beside one byte, before the next question."""
        if self.child is not None:
            try:
                socket.send_fds(self.child.connection, [b"\0"], [descriptor])
            except OSError:
                return  # it has ended or does not read: the next question finds out why

    def read_cpu_seconds(self) -> float:
        """Return the CPU time of the test; if the child is gone, up to the last look."""
        if self._budget is None or not self._phase.is_test:
            return 0.0
        self._budget.look()
        return self._budget.used_seconds

    @property
    def used_share(self) -> float:
        """Return the share of the test's CPU limit that was used up to the last look."""
        return self._budget.used_share if self._budget and self._phase.is_test else 0.0

    def close(self) -> None:
        """End the child."""
        if self.child is not None:
            self._retire()

    def _start_phase(self, child: Child, phase: _Phase) -> None:
        self._phase = phase
        self._budget = CpuBudget(child, phase.cpu_seconds, stop_at=phase.stop_at)
        self._asleep_seconds = 0.0

    def _send(self, child: Child, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[child.connection.send(view) :]
            except BlockingIOError:
                self._wait(child, select.POLLOUT)

    def _receive(self, child: Child, at_most: int) -> bytes:
        self._wait(child, select.POLLIN)
        try:
            # Plain recv: the kernel drops a descriptor that the child sends along.
            return child.connection.recv(at_most)
        except BlockingIOError as error:
            # All that is there is a byte out of band, which only code of the submission's own can have sent.
            raise ProtocolError("it was sent out of band") from error

    def _wait(self, child: Child, event: int) -> None:
        poller = self._poller
        poller.register(child.connection, event)
        ready = False
        while not ready:
            ready = bool(poller.poll(max(0.0, self._next_look - time.monotonic()) * 1000))
            # The clock decides when to look, so that a reply that trickles in byte by byte cannot delay it.
            if time.monotonic() >= self._next_look:
                self._next_look = time.monotonic() + TICK_SECONDS
                computed = self._check_computing()
                if not ready:
                    self._check_sleep(child, poller, computed)

    def _check_computing(self) -> float:
        if self._budget is None:
            raise GraderFault("a reply was awaited without a clock")
        computed = self._budget.look()
        if self._budget.is_exceeded():
            raise self._stop(self._phase.computing)
        return computed

    def _check_sleep(self, child: Child, poller: select.poll, computed: float) -> None:
        # Only sleep counts, not waiting for a busy processor: a loaded machine must not change a grade. A child that
        # has just answered sleeps too, until the next request: so look at the channel once more.
        if child.is_asleep() and not poller.poll(0):
            self._asleep_seconds += max(0.0, TICK_SECONDS - computed)
        if self._asleep_seconds > self.limits.asleep_seconds:
            raise self._stop(self._phase.asleep)

    def _stop(self, message: str) -> SubmissionError:
        """End a child that overran. The lines that it was at are a claim, for the feedback alone."""
        stack = self.child.read_stack() if self.child and self._frame else b""
        self._retire()
        lines = [int(number) for number in self._frame.findall(stack)] if self._frame else []
        return SubmissionError(Verdict.TIMED_OUT, message, lines=tuple(reversed(lines[:MAX_LINES])))

    def _retire(self) -> Exit:
        child = self.child
        if child is None:
            raise GraderFault("no child to retire")
        self.child = None
        ended = child.end()
        self.peak_kb = max(self.peak_kb, ended.peak_kb)
        return ended

    def _explain_death(self, ended: Exit) -> SubmissionError:
        if os.WIFEXITED(ended.status):
            code = os.WEXITSTATUS(ended.status)
            return SubmissionError(Verdict.CRASHED, f"the code ended its process with exit status {code}")
        number = os.WTERMSIG(ended.status)
        allowed = self.limits.all_cpu_seconds
        if number == signal.SIGKILL and ended.cpu_seconds >= allowed - 1:
            return SubmissionError(Verdict.TIMED_OUT, f"stopped after {allowed} seconds of computing in all")
        if number == signal.SIGKILL and self.jail.isolation is Isolation.BWRAP:
            # The first process of a pid namespace cannot be killed from within it, not by itself either.
            raise GraderFault("a submission's process was killed from outside: by a person, or for lack of memory")
        return SubmissionError(Verdict.CRASHED, f"the process was ended by {_name_signal(number)}")


def _describe_test(limits: Limits, stop_at: float) -> _Phase:
    return _Phase(
        True,
        limits.cpu_seconds,
        stop_at,
        limits.overrun,
        f"stopped after {limits.asleep_seconds:g} seconds asleep: does the code sleep, or wait for input?",
    )


def _describe_top_level(work: str, allowed: float, limits: Limits) -> _Phase:
    computing = f"{allowed:g} seconds of computing: move slow work from the top level into a function"
    asleep = f"{limits.asleep_seconds:g} seconds asleep: does the top level sleep, or wait for input?"
    return _Phase(
        False, allowed, STOP_TOP_LEVEL_AT, f"{work} was stopped after {computing}", f"{work} was stopped after {asleep}"
    )


def _name_signal(number: int) -> str:
    known: dict[int, str] = {
        signal.SIGSEGV: "a segmentation fault (it touched memory that is not its own)",
        signal.SIGABRT: "abort()",
        signal.SIGKILL: "SIGKILL",
    }
    name = known.get(number) or signal.strsignal(number)
    return name or f"signal {number}"
