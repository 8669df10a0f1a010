"""Find what attacks left on this machine: processes, descriptors, files.

Linux only, like the jail.
"""

import ctypes
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Attacks that write files use this in their names.
MARK = "redteam-left"
PLACES = ("/tmp", "/dev/shm", "/var/tmp", "/run", "/")
FEWEST_LOOKS = 5
# A worker opens what it keeps, such as its reader, with its first submissions.
FIRST_LOOKS = 5
# Part of the command line of every worker process.
WORKER = "worker_process"
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none escapes notice."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl: {os.strerror(number)}")


def list_descendants() -> dict[int, str]:
    """Return the living processes below this one with their command lines, except multiprocessing's tracker."""
    parents = dict(_list_processes())
    below = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    commands = {}
    for pid in below - {os.getpid()}:
        try:
            data = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            data = b"(ended)"
        commands[pid] = data.replace(b"\0", b" ").decode("utf-8", "replace")
    return {pid: command for pid, command in commands.items() if "resource_tracker" not in command}


def _list_processes() -> Iterator[tuple[int, int]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue  # it has just ended
        # A zombie waits for its parent to read its status. An orphan's parent is init, which does so at once; here
        # it is this process, which never does.
        if state != "Z":
            yield int(path.parent.name), int(parent)


def count_descriptors(pid: int) -> int:
    """Return how many descriptors a process has open; 0 if it has ended."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def list_files(folders: Iterable[Path]) -> list[str]:
    """Return the files in our own temporary folders, and those in public places that carry the attacks' mark."""
    ours = [str(path) for folder in folders for path in folder.iterdir()]
    return ours + [str(path) for place in PLACES for path in Path(place).glob(f"*{MARK}*")]


@dataclass
class DescriptorWatch:
    """Counts of the descriptors that this process and the workers have open, one for each report."""

    counts: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def look(self) -> None:
        """Count once."""
        workers = [pid for pid, command in list_descendants().items() if WORKER in command]
        for pid in (os.getpid(), *workers):
            self.counts[pid].append(count_descriptors(pid))

    def count_grown(self) -> int:
        """Return the growth of all processes: the fewest late in the run, less the fewest early in the run."""
        kept = [counts[FIRST_LOOKS:] for counts in self.counts.values()]
        halves = [(counts[: len(counts) // 2], counts[len(counts) // 2 :]) for counts in kept]
        return sum(max(0, min(late) - min(early)) for early, late in halves if len(early) >= FEWEST_LOOKS)
