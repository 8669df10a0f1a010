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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.intake import read_submission
from grader.model.assignment import Assignment
from grader.model.course import find_course
from grader.tools.class_bench import HEADER, measure_class, write_equal, write_varied
from grader.tools.peer_lab import write_lab

NAME = "a4_attention"
WORKERS = 2
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
    """Print a table of classes, and every other ratio with its target."""
    assignment = find_course().load_assignment(NAME)
    for row in measure_classes(assignment):
        print(row, flush=True)
    for ratio in (compare_cold(assignment), compare_help(), compare_intake(assignment)):
        sign = "met" if ratio.met else "MISSED"
        print(f"{ratio.what}: {ratio.ours:.3f} s against {ratio.theirs:.3f} s; target {ratio.target}: {sign}")


def measure_classes(assignment: Assignment) -> Iterator[str]:
    """Measure classes of equal and of varied submissions, and a small lab. Return the rows of a table."""
    with tempfile.TemporaryDirectory() as folder:
        classes = {
            "equal": (assignment, write_equal(assignment, Path(folder, "equal"))),
            "varied": (assignment, write_varied(assignment, Path(folder, "varied"))),
        }
        lab = write_lab(Path(folder, "lab"))
        classes["lab of five checks"] = (lab, write_equal(lab, Path(folder, "labs")))
        yield HEADER
        yield "| --- | ---: | ---: | ---: | ---: | ---: |"
        for name, (graded, paths) in classes.items():
            for workers in (1, WORKERS):
                yield measure_class(name, graded, paths, workers).describe()


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


if __name__ == "__main__":
    main()
