"""Measure how slow this machine is at the moment, so that a limit means the same work everywhere and at all times."""

import math
import time

# CPU time of the measured work on an ordinary core of the 2020s that has its memory to itself.
ORDINARY_SECONDS = 0.012
# A machine that is slower than this is broken, and an endless loop must end at some time.
MAX_SLOWDOWN = 10.0
# The most that neighbours are believed to slow a fast machine down. On a crowded one the measured work suffers more
# than other work does, and code that is too slow must not pass for that.
MAX_CROWDING = 1.5
ADDITIONS = 200_000
MEMORY_BYTES = 16 << 20


class _Best:
    """The CPU time of the measured work at this machine's best moment so far."""

    seconds = math.inf


def measure_slowdown() -> float:
    """Return how many times more CPU time than usual a piece of work takes now, from 1 to MAX_SLOWDOWN.

    Usual is an ordinary core, or this machine at its best where that is faster: a fast machine is slowed down by its
    neighbours as well. CPU time alone is no measure: it grows where a neighbour shares the core or its caches, and on a
    virtual machine it includes what the host took away, above all for memory that is touched for the first time.
    """
    start = time.process_time()
    total = 0
    for number in range(ADDITIONS):
        total += number
    len(b"\1" * MEMORY_BYTES)  # written to, not only reserved
    took = time.process_time() - start
    _Best.seconds = min(_Best.seconds, took)
    crowding = min(took / _Best.seconds, MAX_CROWDING)
    return min(MAX_SLOWDOWN, max(crowding, took / ORDINARY_SECONDS))
