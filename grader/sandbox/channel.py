"""The only seam between the examiner and a submission: requests go in, replies come out.

`JailChannel` asks a confined child; `examiner.local` asks the same code in this process. Whatever a reply holds is only
a claim.
"""

import functools
import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from typing import Protocol

from grader.model.assignment import Limits
from grader.model.errors import GraderFault
from grader.model.verdict import SubmissionError, Verdict
from grader.sandbox.child import Child
from grader.sandbox.isolation import Isolation
from grader.sandbox.jail import Jail
from grader.sandbox.machine_speed import measure_slowdown
from grader.wire.control import Exit
from grader.wire.frames import Frame, Inbox, ProtocolError, pack_frame, read_frame

# How often the limits are looked at while a reply is awaited. Overrunning by so much is not worth a system call more.
TICK_SECONDS = 0.05
# What one look may charge. More than a few ticks' worth passed while this process did not run either: the machine
# stood still, as a virtual one does that is paused or moved, and its clocks count that for whoever was computing.
MOST_PER_LOOK = 0.25


class Channel(Protocol):
    """Carries frames to a submission and brings the answers back."""

    @property
    def peak_kb(self) -> int:
        """The memory its processes took."""

    def start_test(self) -> bool:
        """Reset the limits for a new test. True where the submission must be loaded (again)."""

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """The replies to requests sent at once, in order. Raises Mishap where one is missing."""

    def read_cpu_seconds(self) -> float:
        """CPU time since `start_test`."""

    def close(self) -> None:
        """Give everything back."""


class JailChannel:
    """The submission in a confined child, which is replaced by a fresh one when it dies or overruns."""

    def __init__(self, jail: Jail, limits: Limits) -> None:
        self.jail = jail
        self.limits = limits
        self.child: Child | None = None
        self.peak_kb = 0
        self._cpu_start = 0.0
        self._last_cpu = 0.0
        self._charged = 0.0
        self._slowness = 1.0
        self._asleep_seconds = 0.0
        self._next_look = 0.0
        self._inbox = Inbox(lambda at_most: b"")  # nothing comes before there is a child

    def start_test(self) -> bool:
        """Start the clocks of one test, with a child ready to answer."""
        fresh = self.child is None
        child = self.child or self._open_child()
        self._cpu_start = self._last_cpu = child.read_cpu_seconds()
        self._charged = 0.0
        self._slowness = 1.0
        self._asleep_seconds = 0.0
        return fresh

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """Send requests and wait for their answers, within the limits of the test."""
        child = self.child
        if child is None:
            raise SubmissionError(Verdict.CRASHED, "the code ended its process earlier in this test")
        self._next_look = time.monotonic() + TICK_SECONDS
        try:
            self._send(child, b"".join(map(pack_frame, frames)))
            replies = [self._read_reply() for _ in frames]
        except ProtocolError as error:
            self._retire()
            raise SubmissionError(Verdict.MALFORMED_REPLY, f"the reply could not be read: {error}") from error
        except (EOFError, ConnectionError, BrokenPipeError) as error:
            # Whoever only closes the channel still has to end: killed at once, the cause would be ours.
            ended = child.await_end(self.limits.asleep_seconds)
            death = self._retire()
            if not ended:
                raise SubmissionError(Verdict.CRASHED, "the code closed its connection to the grader") from error
            raise self._explain_death(death) from error
        # Also when it answered before anybody looked: whether it overran must not depend on when we look.
        self._check_computing(child)
        return replies

    def hand_over(self, descriptor: int) -> None:
        """Send a descriptor beside one byte, before the next question."""
        if self.child is not None:
            try:
                socket.send_fds(self.child.connection, [b"\0"], [descriptor])
            except OSError:
                return  # it has ended or does not read: the next question finds out why

    def read_cpu_seconds(self) -> float:
        """CPU time of the child since `start_test`; for a child that is gone, as far as it was seen."""
        if self.child is not None:
            self._look_at_clock(self.child)
        return self._last_cpu - self._cpu_start

    def close(self) -> None:
        """End the child."""
        if self.child is not None:
            self._retire()

    def _open_child(self) -> Child:
        self.child = child = self.jail.spawn(self.limits)
        self._inbox = Inbox(functools.partial(self._receive, child))
        return child

    def _send(self, child: Child, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[child.connection.send(view) :]
            except BlockingIOError:
                self._wait(child, select.POLLOUT)

    def _receive(self, child: Child, at_most: int) -> bytes:
        self._wait(child, select.POLLIN)
        # Plain recv: a descriptor that the child sends along is dropped by the kernel.
        return child.connection.recv(at_most)

    def _read_reply(self) -> Frame:
        # What arrives beyond this reply stays in the inbox, and its number gives it away to the next question.
        return read_frame(self._inbox.read_exactly)

    def _wait(self, child: Child, event: int) -> None:
        poller = select.poll()
        poller.register(child.connection, event)
        ready = False
        while not ready:
            ready = bool(poller.poll(max(0.0, self._next_look - time.monotonic()) * 1000))
            # Looks are taken by the clock, so that a reply that trickles in byte by byte cannot put them off.
            if time.monotonic() >= self._next_look:
                self._next_look = time.monotonic() + TICK_SECONDS
                computed = self._check_computing(child)
                if not ready:
                    self._check_sleep(child, poller, computed)

    def _check_computing(self, child: Child) -> float:
        before = self._last_cpu
        self._look_at_clock(child)
        self._charged += min(self._last_cpu - before, MOST_PER_LOOK)
        allowed = self.limits.cpu_seconds
        # Felt anew only where what was felt before is used up: to feel costs more than a look.
        if self._charged > allowed * self._slowness and self._charged > allowed * self._feel_slowness():
            self._retire()
            seconds = f"{self.limits.cpu_seconds:g} seconds"
            message = f"stopped after {seconds} of computing: is there a loop that never ends?"
            raise SubmissionError(Verdict.TIMED_OUT, message)
        return self._last_cpu - before

    def _feel_slowness(self) -> float:
        # A slow machine is not slow all the time: what counts is the worst moment of this test that was looked at.
        self._slowness = max(self._slowness, measure_slowdown())
        return self._slowness

    def _check_sleep(self, child: Child, poller: select.poll, computed: float) -> None:
        # Only sleep counts, not waiting for a busy processor: a loaded machine must not change a grade. Whoever has
        # just answered sleeps too, until asked again: hence the second look at the channel.
        if child.is_asleep() and not poller.poll(0):
            self._asleep_seconds += max(0.0, TICK_SECONDS - computed)
        if self._asleep_seconds > self.limits.asleep_seconds:
            self._retire()
            seconds = f"{self.limits.asleep_seconds:g} seconds"
            message = f"stopped after {seconds} asleep: does the code sleep, or wait for input?"
            raise SubmissionError(Verdict.TIMED_OUT, message)

    def _look_at_clock(self, child: Child) -> None:
        try:
            self._last_cpu = child.read_cpu_seconds()
        except OSError:
            return  # it has just ended: the last reading stands, and the end of file on the channel tells the rest

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
        if number == signal.SIGKILL and ended.cpu_seconds >= self.limits.total_cpu_seconds - 1:
            message = f"stopped after {self.limits.total_cpu_seconds} seconds of computing in all"
            return SubmissionError(Verdict.TIMED_OUT, message)
        if number == signal.SIGKILL and self.jail.isolation is Isolation.BWRAP:
            # The first process of a pid namespace cannot be killed from within it, not by itself either.
            raise GraderFault("a submission's process was killed from outside: by somebody, or for want of memory")
        return SubmissionError(Verdict.CRASHED, f"the process was ended by {_name_signal(number)}")


def _name_signal(number: int) -> str:
    known: dict[int, str] = {
        signal.SIGSEGV: "a segmentation fault (memory that is not its own was touched)",
        signal.SIGABRT: "abort()",
        signal.SIGKILL: "SIGKILL",
    }
    name = known.get(number) or signal.strsignal(number)
    return name or f"signal {number}"
