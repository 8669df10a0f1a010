"""One confined process, watched from outside."""

import os
import select
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from grader.model.errors import BrokenJail
from grader.wire.control import Exit

# What a child may compute before the next part of its stack has come, and before all of it has; and its most bytes.
PART_CPU_SECONDS, STACK_CPU_SECONDS = 0.25, 1.0
MAX_STACK = 1 << 14
# All of it must come in so much time on the clock, however slowly a submission writes.
STACK_SECONDS = 5.0
# So much time passes on the clock before a silent child's own is read.
LOOK_SECONDS = 0.005


class Child:
    """A forked process that holds one submission."""

    def __init__(self, pidfd: int, connection: socket.socket, reap: Callable[[], Exit]) -> None:
        """Watch the process behind `pidfd`; `reap` waits for its end."""
        self.pidfd = pidfd
        self.connection = connection
        self._reap = reap
        self.host_pid = _read_host_pid(pidfd)
        # The kernel's CPU clock of a process: readable from outside, and no process can turn its own back.
        self._clock = (~self.host_pid << 3) | 2
        self._stat = os.open(f"/proc/{self.host_pid}/stat", os.O_RDONLY)
        self._split = (0, 0)

    def read_cpu_seconds(self) -> float:
        """Return the CPU time of all its threads so far. Raises OSError once the process is gone."""
        return time.clock_gettime(self._clock)

    def read_split(self) -> tuple[int, int]:
        """Return the CPU time of all its threads as ticks of its own and of the kernel's; the last once it is gone."""
        try:
            fields = os.pread(self._stat, 4096, 0).rpartition(b")")[2].split()
        except ProcessLookupError:
            return self._split
        self._split = (int(fields[11]), int(fields[12]))
        return self._split

    def is_asleep(self) -> bool:
        """Tell whether all its threads wait of their own accord, rather than for a processor or the disk."""
        tasks = f"/proc/{self.host_pid}/task"
        # Plain system calls: the child waits for the same processor meanwhile.
        try:
            names = os.listdir(tasks)
        except OSError:
            return True  # it has just ended
        # Any other state is sleep: sleeping, stopped, or a first thread that ended before the others.
        return not any(_read_state(f"{tasks}/{name}/stat") in ("R", "D") for name in names)

    def await_end(self, seconds: float) -> bool:
        """Give it time to end by itself, so that its exit status is its own doing. Return whether it has ended."""
        poller = select.poll()
        poller.register(self.pidfd, select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    def read_stack(self) -> bytes:
        """Ask where it is (see `jail.server.serve`), and return what it writes then: anything, or nothing.

        It may be in the middle of a reply, so it must be ended afterwards.
        """
        data, poller = b"", select.poll()
        poller.register(self.connection, select.POLLIN)
        try:
            begun = self.read_cpu_seconds()
            signal.pidfd_send_signal(self.pidfd, signal.SIGUSR1)
            last, until = begun, time.monotonic() + STACK_SECONDS
            while len(data) < MAX_STACK and last - begun < STACK_CPU_SECONDS and time.monotonic() < until:
                # Its own time counts, not the clock's: beside others it may wait long between two parts.
                if poller.poll(LOOK_SECONDS * 1000):
                    part = self.connection.recv(MAX_STACK, socket.MSG_DONTWAIT)
                    if not part:
                        break
                    data, last = data + part, self.read_cpu_seconds()
                elif self.read_cpu_seconds() - last > PART_CPU_SECONDS or (self.is_asleep() and not poller.poll(0)):
                    break
        except OSError:
            pass  # it has ended, and what it wrote before is all there is
        return data

    def end(self) -> Exit:
        """Kill it, even if it looks dead, and return how it ended."""
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself; its status is still to be read
        os.close(self.pidfd)
        os.close(self._stat)
        self.connection.close()
        return self._reap()


def _read_state(status: str) -> str:
    try:
        with open(status, "rb") as file:
            return file.read().rpartition(b")")[2].split()[0].decode()
    except OSError:
        return "X"  # it has just ended


def _read_host_pid(pidfd: int) -> int:
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise BrokenJail("this kernel does not show the process of a pidfd: install Linux 5.4 or newer")
