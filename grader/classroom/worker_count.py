"""Choose the number of workers on this machine by its cores, its memory and its GPU's memory."""

import os
from pathlib import Path

from grader.model.assignment import Assignment
from grader.model.devices import choose_device
from grader.sandbox.bubblewrap import GPU_SHARE

# A worker takes seconds to start, a submission a fraction of one: fewer submissions are not worth another worker.
SUBMISSIONS_PER_WORKER = 16
# The memory of an examiner and a zygote with torch and transformers; a submission's own limit comes on top.
WORKER_MB = 900
MEMORY_FILE = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def choose_worker_count(
    submissions: int, assignment: Assignment, *, wanted: int | None = None, device: str | None = None
) -> int:
    """Return the requested number, or one limited by cores, free memory and the size of the class.

    On a GPU it is also limited by the shares of its memory.
    """
    by_memory = read_free_mb() // (WORKER_MB + assignment.limits.memory_mb)
    most = [wanted] if wanted else [os.cpu_count() or 1, submissions // SUBMISSIONS_PER_WORKER, by_memory]
    if choose_device(assignment, device).is_cuda:
        most.append(int(1 / GPU_SHARE))
    return max(1, min(most))


def read_free_mb() -> int:
    """Return the free memory in MiB, without swap: the machine's, or the container's where that is less."""
    lines = MEMORY_FILE.read_text().splitlines()
    free = [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    limit, used = CGROUP / "memory.max", CGROUP / "memory.current"
    if limit.exists() and (most := limit.read_text().strip()) != "max":
        free.append(int(most) - int(used.read_text()))
    return min(free) >> 20
