"""The CPU time that a child may use for one piece of work, in seconds of an ordinary core."""

import statistics

from grader.sandbox.child import Child
from grader.sandbox.machine_speed import Slowdown, measure_slowdown

# The most that one look may charge. If more has passed, this process did not run either: the machine stood still, as a
# virtual one does when it is paused or moved, and its clocks count that time for the process that was computing.
MAX_PER_LOOK = 0.25
# The machine's speed matters from this share of the allowance on; work that takes less is never measured beside it.
MEASURED_FROM = 0.7
# The share of the allowance between two measurements: one takes about a hundredth of a second.
MEASURED_EVERY = 0.1


class CpuBudget:
    """An allowance of CPU time, charged at each look at the child's clock."""

    def __init__(self, child: Child, allowed: float, *, stop_at: float = 1.0) -> None:
        """Start at the child's present CPU time. It is exceeded at the share `stop_at` of the allowance."""
        self.child = child
        self.allowed = allowed
        self.stop_at = stop_at
        self._start = self._last = self._read_clock(0.0)
        self._charged = 0.0
        self._measured_at = 0.0
        self._slowdowns: list[Slowdown] = []
        self._split_at_start = self._split = child.read_split()

    @property
    def used_seconds(self) -> float:
        """Return the CPU time between the start and the last look."""
        return self._last - self._start

    @property
    def child_seconds(self) -> float:
        """Return the CPU time of the child from its start to the last look."""
        return self._last

    @property
    def used_share(self) -> float:
        """Return the share of the allowance that was charged, at the speed that the machine had meanwhile.

        A crowded machine slows the kernel down far more than a program, so each has a measure of its own.
        """
        if not self._slowdowns:
            return self._charged / self.allowed
        # The middle one: a machine changes its speed from moment to moment, and so does a measurement.
        computing = statistics.median(one.computing for one in self._slowdowns)
        memory = statistics.median(one.memory for one in self._slowdowns)
        user, system = (now - then for now, then in zip(self._split, self._split_at_start, strict=True))
        kernel = system / (user + system) if user + system else 0.0
        return self._charged * ((1 - kernel) / computing + kernel / memory) / self.allowed

    def look(self) -> float:
        """Read the clock, charge the time since the last look, and return it."""
        before = self._last
        self._last = self._read_clock(before)
        self._charged += min(self._last - before, MAX_PER_LOOK)
        share, step = self._charged / self.allowed, MEASURED_EVERY if self._slowdowns else MEASURED_FROM
        if share >= self._measured_at + step:
            self._measured_at = share
            self._slowdowns.append(measure_slowdown())
            self._split = self.child.read_split()
        return self._last - before

    def is_exceeded(self) -> bool:
        """Tell whether more was charged than allowed."""
        return self.used_share > self.stop_at

    def _read_clock(self, last: float) -> float:
        try:
            return self.child.read_cpu_seconds()
        except OSError:
            return last  # it has just ended; the end of file on its channel will say so
