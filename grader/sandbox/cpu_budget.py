"""The CPU time that a child may use for one piece of work, in seconds of an ordinary core."""

from grader.sandbox.child import Child
from grader.sandbox.machine_speed import measure_slowdown

# The most that one look may charge. If more has passed, this process did not run either: the machine stood still, as a
# virtual one does when it is paused or moved, and its clocks count that time for the process that was computing.
MAX_PER_LOOK = 0.25


class CpuBudget:
    """An allowance of CPU time, charged at each look at the child's clock."""

    def __init__(self, child: Child, allowed: float) -> None:
        """Start at the child's present CPU time."""
        self.child = child
        self.allowed = allowed
        self._start = self._last = self._read_clock(0.0)
        self._charged = 0.0
        self._slowdown = 1.0

    @property
    def used_seconds(self) -> float:
        """Return the CPU time between the start and the last look."""
        return self._last - self._start

    def look(self) -> float:
        """Read the clock, charge the time since the last look, and return it."""
        before = self._last
        self._last = self._read_clock(before)
        self._charged += min(self._last - before, MAX_PER_LOOK)
        return self._last - before

    def is_exceeded(self) -> bool:
        """Tell whether more was charged than allowed."""
        if self._charged <= self.allowed * self._slowdown:
            return False
        # Measure the slowdown again only when the current allowance is used up: it costs more than reading the clock.
        # A slow machine is not slow all the time: the slowest moment that was measured counts.
        self._slowdown = max(self._slowdown, measure_slowdown())
        return self._charged > self.allowed * self._slowdown

    def _read_clock(self, last: float) -> float:
        try:
            return self.child.read_cpu_seconds()
        except OSError:
            return last  # it has just ended; the end of file on its channel will say so
