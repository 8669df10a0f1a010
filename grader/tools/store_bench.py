"""Measure how many submissions a second the database of a service takes: `python -m grader.tools.store_bench`.

One round is an upload that is kept, claimed and finished. The disk that counts is that of `--folder`.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Connection

from grader.model.report import Environment, GradedAssignment, GradedSubmission, GradeReport
from grader.server.queue import Queued, SubmissionQueue, Upload, make_id
from grader.server.settings import DataFolder
from grader.server.store import open_store

REPORT = GradeReport(
    assignment=GradedAssignment(name="bench", title="Bench", suite_digest="s"),
    submission=GradedSubmission(id="a", student="student", files=()),
    status="graded",
    score=1.0,
    max_score=1.0,
    todos=(),
    tests=(),
    environment=Environment(python="3", torch="2", device="cpu", isolation="none"),
    seed_commitment="c",
)


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="How many submissions a second does the database take?")
    parser.add_argument("--store", help="a database URL; the default is SQLite in the folder")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--seconds", type=float, default=5.0, help="for each figure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        data = DataFolder(Path(folder))
        data.create()
        store = open_store(data, data.remember(Path(), options.store))
        queue = SubmissionQueue(store)
        print(f"load {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
        for people in (1, 8, 32):
            rate = measure(lambda: add(queue), people, options.seconds)
            print(f"uploads kept, {people} at once: {rate:.0f} a second")
        print(f"claimed and finished: {measure(lambda: grade(queue), 1, options.seconds):.0f} a second")
        store.close()
    return 0


def measure(act: Callable[[], None], people: int, seconds: float) -> float:
    """Return how often a second so many threads do something."""
    end = time.monotonic() + seconds

    def repeat(_: int) -> int:
        count = 0
        while time.monotonic() < end:
            act()
            count += 1
        return count

    with ThreadPoolExecutor(people) as pool:
        return sum(pool.map(repeat, range(people))) / seconds


def add(queue: SubmissionQueue) -> None:
    """Keep an upload of a student who has no other."""
    name = make_id()
    queue.add(Upload(name, "bench", name, f"{name}/work.py", ("work.py",), 20_000))


def grade(queue: SubmissionQueue) -> None:
    """Claim an upload, and note its end."""
    claimed = queue.claim("bench")
    if claimed is not None:
        queue.finish(claimed.number, REPORT, do_nothing)


def do_nothing(connection: Connection, done: Queued) -> None:
    """Add nothing to the transaction of a result."""


if __name__ == "__main__":
    sys.exit(main())
