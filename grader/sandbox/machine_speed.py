"""Measure how slow this machine is at the moment, so that a limit means the same work everywhere and at all times."""

import time

# CPU time of the measured work on an ordinary core of the 2020s that has its memory to itself.
ORDINARY_SECONDS = 0.012
# A machine that is slower than this is broken, and an endless loop must end at some time.
MAX_SLOWDOWN = 10.0
ADDITIONS = 200_000
MEMORY_BYTES = 16 << 20


def measure_slowdown() -> float:
    """Return how many times more CPU time than ordinary a piece of work takes now, from 1 to MAX_SLOWDOWN.

    CPU time alone is no measure: on a virtual machine it includes what the host took away, above all for memory that
    is touched for the first time.
    """
    start = time.process_time()
    total = 0
    for number in range(ADDITIONS):
        total += number
    len(b"\1" * MEMORY_BYTES)  # written to, not only reserved
    return min(MAX_SLOWDOWN, max(1.0, (time.process_time() - start) / ORDINARY_SECONDS))
