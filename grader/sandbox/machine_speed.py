"""Measure how slow this machine is at the moment, so that a limit means the same work everywhere and at all times."""

import math
import mmap
import time
from collections.abc import Callable
from dataclasses import dataclass

# A machine that is slower than this is broken, and an endless loop must end at some time.
MAX_SLOWDOWN = 10.0
# The most that neighbours are believed to slow a fast machine down.
MAX_CROWDING = 1.5
ADDITIONS = 200_000
MEMORY_BYTES = 16 << 20
_TOUCHED = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE


@dataclass(frozen=True)
class Slowdown:
    """How many times more CPU time than usual a piece of work takes now, from 1 to MAX_SLOWDOWN.

    `computing` is for a program's own work, `memory` for the kernel's, most of which is to hand out memory.
    """

    computing: float
    memory: float


NO_SLOWDOWN = Slowdown(1.0, 1.0)


@dataclass
class _Yardstick:
    """A piece of work, its CPU time on an ordinary core of the 2020s, and this machine's best so far."""

    work: Callable[[], object]
    ordinary_seconds: float
    best_seconds: float = math.inf

    def measure(self) -> float:
        """Return how many times more CPU time than usual the work takes now."""
        start = time.process_time()
        self.work()
        took = time.process_time() - start
        self.best_seconds = min(self.best_seconds, took)
        crowding = min(took / self.best_seconds, MAX_CROWDING)
        return min(MAX_SLOWDOWN, max(crowding, took / self.ordinary_seconds))


def _add() -> None:
    total = 0
    for number in range(ADDITIONS):
        total += number


def _touch_memory() -> None:
    mmap.mmap(-1, MEMORY_BYTES, flags=_TOUCHED).close()


_COMPUTING = _Yardstick(_add, 0.008)
_MEMORY = _Yardstick(_touch_memory, 0.004)


def measure_slowdown() -> Slowdown:
    """Measure a loop, and touching memory for the first time.

    Usual is an ordinary core, or this machine at its best where that is faster: a fast machine is slowed down by its
    neighbours as well. CPU time alone is no measure: it grows where a neighbour shares the core or its caches, and on a
    virtual machine it includes what the host took away, above all for memory that is touched for the first time.
    """
    return Slowdown(_COMPUTING.measure(), _MEMORY.measure())
