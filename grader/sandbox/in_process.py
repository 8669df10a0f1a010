"""A channel to a submission in this very process: no wall, on any operating system.

It is for a student's own check and for the reference.
"""

import time
from collections.abc import Sequence

from grader.jail.server import Server
from grader.model.errors import GraderFault
from grader.wire.frames import Frame
from grader.wire.messages import is_begin, is_load


class InProcessChannel:
    """The submission in this process: for code that is trusted, or the student's own."""

    def __init__(self) -> None:
        self.server: Server | None = None
        self.peak_kb = 0
        self._started = 0.0

    def start_test(self) -> bool:
        """Start the clock; nothing limits code in this process, and it is loaded once."""
        self._started = time.process_time()
        fresh = self.server is None
        self.server = self.server or Server()
        return fresh

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """Return the server's answers."""
        if self.server is None:
            raise GraderFault("a request before `start_test`")
        replies = []
        for frame in frames:
            replies.append(self.server.answer(frame))
            if is_load(frame) or is_begin(frame):
                self._started = time.process_time()
        return replies

    def read_cpu_seconds(self) -> float:
        """Return this process's CPU time since the definitions ran, the test's own included."""
        return time.process_time() - self._started

    @property
    def used_share(self) -> float:
        """Return 0: nothing limits code in this process."""
        return 0.0

    def close(self) -> None:
        """Forget the submission."""
        self.server = None
