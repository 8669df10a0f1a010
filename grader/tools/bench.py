"""Measure speed as ratios within one run, because absolute times vary with the machine and its load.

Run by `make bench`.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.executor import Executor, Task
from grader.classroom.local_executor import open_local
from grader.grading.cache_key import CacheKey
from grader.grading.worker import Job
from grader.intake import read_submission
from grader.model.assignment import FULL_SCORE, Assignment
from grader.model.course import find_course
from grader.model.report import GradeReport

NAME = "a4_attention"
WORKERS = 2
WARM_SUBMISSIONS = 40
NOTEBOOKS = 100
PICTURE_BYTES = 1_000_000
ROUNDS = 3


@dataclass(frozen=True)
class Ratio:
    """Two medians in seconds, and the ratio that we promise."""

    what: str
    ours: float
    theirs: float
    target: str
    met: bool


def main() -> None:
    """Print every ratio with its target."""
    assignment = find_course().load_assignment(NAME)
    for ratio in (compare_warm(assignment), compare_cold(assignment), compare_help(), compare_intake(assignment)):
        sign = "met" if ratio.met else "MISSED"
        print(f"{ratio.what}: {ratio.ours:.3f} s against {ratio.theirs:.3f} s; target {ratio.target}: {sign}")


def compare_warm(assignment: Assignment) -> Ratio:
    """Compare a warm submission with a pytest process that imports torch and runs the same checks."""
    command = [sys.executable, "-m", "pytest", "-q", str(assignment.hidden_tests)]
    command += ["--in-process", "--submission", str(assignment.solution)]
    with ThreadPoolExecutor(WORKERS) as pool:
        theirs = _measure(lambda: list(pool.map(_run, [command] * WORKERS))) / WORKERS
    tasks = [Task(CacheKey("", "", ""), Job(assignment.solution))] * WARM_SUBMISSIONS
    with open_local(assignment, "bwrap", WORKERS) as executor:
        ours = _measure(lambda: _grade_all(executor, tasks)) / WARM_SUBMISSIONS
    return Ratio(f"a warm submission ({theirs / ours:.0f} times faster)", ours, theirs, "40 times", theirs >= 40 * ours)


def compare_cold(assignment: Assignment) -> Ratio:
    """Compare a cold `grader grade` with importing torch."""
    grade = [sys.executable, "-m", "grader", "grade", str(assignment.solution), "-a", NAME, "-q"]
    torch = [sys.executable, "-c", "import torch"]
    ours, theirs = _measure_pair(grade, torch)
    return Ratio(f"a cold grade ({ours / theirs:.2f} times)", ours, theirs, "1.6 times", ours < 1.6 * theirs)


def compare_help() -> Ratio:
    """Compare `grader --help` with starting Python."""
    ours, theirs = _measure_pair([sys.executable, "-m", "grader", "--help"], [sys.executable, "-c", "pass"])
    return Ratio(f"help ({ours - theirs:+.3f} s)", ours, theirs, "0.2 s more", ours - theirs < 0.2)


def compare_intake(assignment: Assignment) -> Ratio:
    """Compare reading notebooks of a megabyte, mostly pictures, with `json.loads` of the same bytes."""
    cells = [
        {"cell_type": "code", "metadata": {}, "source": assignment.solution.read_text(encoding="utf-8"), "outputs": []},
        {"cell_type": "code", "metadata": {}, "source": "plot()", "outputs": [
            {"output_type": "display_data", "data": {"image/png": "A" * PICTURE_BYTES}, "metadata": {}},
        ]},
    ]  # fmt: skip

    def read() -> None:
        for _ in range(NOTEBOOKS):
            if read_submission(path, module=assignment.module, defines=assignment.defines).refused:
                raise RuntimeError("the notebook was refused, so the measurement is not fair")

    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "attention.ipynb")
        path.write_text(json.dumps(notebook), encoding="utf-8")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ours = _measure(read) / NOTEBOOKS
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        theirs = _measure(lambda: [json.loads(path.read_bytes()) for _ in range(NOTEBOOKS)]) / NOTEBOOKS
    figures = f"{1000 * ours:.0f} s for 1,000, {grown:.0f} MB more at the peak; {ours / theirs:.0f} times"
    return Ratio(f"a notebook of 1 MB ({figures})", ours, theirs, "20 times", ours < 20 * theirs)


def _measure_pair(one: Sequence[str], other: Sequence[str]) -> tuple[float, float]:
    # Alternate, so that a drift in the machine's speed affects both; run each once first to fill the page cache.
    for command in (one, other):
        _run(command)
    pairs = [(_time(lambda: _run(one)), _time(lambda: _run(other))) for _ in range(ROUNDS)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def _measure(action: Callable[[], object]) -> float:
    action()
    return statistics.median(_time(action) for _ in range(ROUNDS))


def _time(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd=find_course().root)


def _grade_all(executor: Executor, tasks: Sequence[Task]) -> None:
    waiting, answered = list(tasks), 0
    while answered < len(tasks):
        while waiting and executor.has_room():
            executor.submit(waiting.pop())
        for answer in executor.collect():
            answered += 1
            graded = answer.graded
            if graded is None or GradeReport.model_validate_json(graded.text).score != FULL_SCORE:
                raise RuntimeError(f"the reference lost points, so the measurement is not fair: {answer.trouble}")


if __name__ == "__main__":
    main()
