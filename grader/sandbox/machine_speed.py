"""How slow this machine is at the moment, so that a limit means the same work wherever and whenever it is looked at."""

import time

# What `_work` takes on an ordinary core of the 2020s that has its memory to itself.
ORDINARY_SECONDS = 0.012
# Beyond that a machine is broken rather than slow, and an endless loop has to end some time.
MOST = 10.0
ADDITIONS = 200_000
MEMORY_BYTES = 16 << 20


def measure_slowdown() -> float:
    """How many times longer than ordinary a piece of work takes now, in CPU time; from 1 to `MOST`.

    CPU time alone does not tell: on a virtual machine it counts what the host took away, above all for memory that is
    touched for the first time.
    """
    start = time.process_time()
    _work()
    return min(MOST, max(1.0, (time.process_time() - start) / ORDINARY_SECONDS))


def _work() -> None:
    total = 0
    for number in range(ADDITIONS):
        total += number
    len(b"\1" * MEMORY_BYTES)  # written to, not only reserved
