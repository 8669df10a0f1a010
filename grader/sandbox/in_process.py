"""A channel to a submission in this very process: no wall, and no system but Python's own.

Called for a student's own check, which runs on any operating system, and for the reference.
"""

import time
from collections.abc import Sequence

from grader.jail.server import Server
from grader.model.errors import GraderFault
from grader.wire.frames import Frame


class InProcessChannel:
    """The submission in this process: for code that is trusted, or the student's own."""

    def __init__(self) -> None:
        self.server: Server | None = None
        self.peak_kb = 0
        self._started = 0.0

    def start_test(self) -> bool:
        """Nothing limits code in process; it is loaded once."""
        self._started = time.process_time()
        fresh = self.server is None
        self.server = self.server or Server()
        return fresh

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """The server's own answers."""
        if self.server is None:
            raise GraderFault("a request before `start_test`")
        return [self.server.answer(frame) for frame in frames]

    def read_cpu_seconds(self) -> float:
        """CPU time of this process since `start_test`, the test's own included."""
        return time.process_time() - self._started

    def close(self) -> None:
        """Forget the submission."""
        self.server = None
