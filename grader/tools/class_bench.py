"""Measure a class: its wall time and its CPU time, against pytest processes and against the students' code alone.

Part of `make bench`. All ratios are of one run on one machine.
"""

import itertools
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from grader.authoring.corpus import build_source, load_expectations
from grader.classroom.executor import Executor, Task
from grader.classroom.local_executor import open_local
from grader.examiner.suite import Suite
from grader.grading.cache_key import CacheKey
from grader.grading.job import Job
from grader.intake import read_submission
from grader.jail.server import Server
from grader.model.assignment import Assignment
from grader.model.report import GradeReport
from grader.model.verdict import Verdict
from grader.sandbox.in_process import InProcessChannel
from grader.wire.frames import Frame

SIZE = 200
# So many submissions stand for the class where one costs seconds: as pytest processes, and in process.
SAMPLE = 8
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """Seconds for one submission: on the wall, and of all processors."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class MeasuredClass:
    """A class graded by so many workers, beside as many pytest processes at a time, and its code in process."""

    name: str
    workers: int
    ours: Spent
    pytest: Spent
    code: float

    def describe(self) -> str:
        """Return the row of a table."""
        return (
            f"| {self.name} | {self.workers} | {self.pytest.wall / self.ours.wall:.1f} | "
            f"{self.pytest.cpu / self.ours.cpu:.1f} | {self.ours.cpu / self.code:.2f} | {1 / self.ours.wall:.1f} |"
        )


HEADER = "| class | workers | times pytest: wall | times pytest: CPU | CPU: times its code in process | a second |"


class ListeningChannel(InProcessChannel):
    """Keeps the requests of a submission."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Frame] = []

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """Answer, and keep what was asked."""
        self.asked += frames
        return super().ask(frames)


def write_equal(assignment: Assignment, folder: Path) -> list[Path]:
    """Return a class that hands in the solution."""
    return _write(assignment, folder, [assignment.solution.read_text(encoding="utf-8")], SIZE)


def write_varied(assignment: Assignment, folder: Path) -> list[Path]:
    """Return a class that hands in the corpus, right and wrong; no two files are the same.

    Left out is code that meets a limit: it would measure the limit.
    """
    sources = [build_source(assignment, *variant) for variant in load_expectations(assignment).items()]
    with open_local(assignment, "bwrap", 1) as executor:
        paths = _write(assignment, folder / "all", sources, len(sources))
        reports = grade_all(executor, paths)
    slow = {Path(name) for name, report in reports.items() if _overran(report)}
    quick = [source for source, path in zip(sources, paths, strict=True) if path not in slow]
    return _write(assignment, folder / "class", quick, SIZE)


def measure_class(name: str, assignment: Assignment, paths: Sequence[Path], workers: int) -> MeasuredClass:
    """Grade a class with so many workers, a part of it by pytest, and the code of a part in process."""
    sample = paths[:: len(paths) // SAMPLE][:SAMPLE]
    with open_local(assignment, "bwrap", workers) as executor:
        executor.open()
        before, started = read_cpu_seconds(), time.perf_counter()
        grade_all(executor, paths)
        ours = Spent((time.perf_counter() - started) / len(paths), (read_cpu_seconds() - before) / len(paths))
    return MeasuredClass(
        name, workers, ours, _measure_pytest(assignment, sample, workers), _measure_code(assignment, sample)
    )


def grade_all(executor: Executor, paths: Sequence[Path]) -> dict[str, GradeReport]:
    """Return the report of each file. Raises RuntimeError if one cannot be graded."""
    waiting, reports = list(reversed(paths)), dict[str, GradeReport]()
    while len(reports) < len(paths):
        while waiting and executor.count_room():
            path = waiting.pop()
            executor.submit(Task(CacheKey("", "", ""), Job(path, student=str(path))))
        for answer in executor.collect():
            if answer.graded is None:
                raise RuntimeError(f"a submission was not graded, so the measurement is not fair: {answer.trouble}")
            report = GradeReport.model_validate_json(answer.graded.text)
            reports[report.submission.student] = report
    return reports


def read_cpu_seconds() -> float:
    """Return the CPU time of all living descendants of this process, and of those that they have waited for."""
    parents, seconds = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            parents[int(entry)] = int(fields[1])
            seconds[int(entry)] = sum(map(int, fields[11:15])) / TICKS
    found, waiting = 0.0, [os.getpid()]
    while waiting:
        at = waiting.pop()
        children = [pid for pid, parent in parents.items() if parent == at]
        found += sum(seconds[pid] for pid in children)
        waiting += children
    return found


def _write(assignment: Assignment, folder: Path, sources: Sequence[str], count: int) -> list[Path]:
    paths = []
    for number, source in zip(range(count), itertools.cycle(sources), strict=False):
        path = folder / str(number) / assignment.module
        path.parent.mkdir(parents=True)
        # A comment is enough for another submission, which may get another draw.
        path.write_text(source if len(sources) == 1 else f"{source}\n# {number}\n", encoding="utf-8")
        paths.append(path)
    return paths


def _overran(report: GradeReport) -> bool:
    return any(test.status is Verdict.TIMED_OUT for test in report.tests)


def _measure_pytest(assignment: Assignment, paths: Sequence[Path], workers: int) -> Spent:
    def run(path: Path) -> None:
        command = [sys.executable, "-m", "pytest", "-q", str(assignment.hidden_tests), "--in-process"]
        ended = subprocess.run([*command, "--submission", str(path)], capture_output=True, cwd=assignment.root)
        if ended.returncode not in (0, 1):
            raise RuntimeError(f"pytest ended with status {ended.returncode}: {ended.stdout.decode()[-500:]}")

    before, started = _read_children(), time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, paths))
    return Spent((time.perf_counter() - started) / len(paths), (_read_children() - before) / len(paths))


def _read_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _measure_code(assignment: Assignment, paths: Sequence[Path]) -> float:
    """Return the CPU time of one submission's code, asked in this warm process what the tests ask: the least of 3."""
    suite, seconds = Suite(assignment, b"secret"), 0.0
    for path in paths:
        channel = ListeningChannel()
        submission = read_submission(path, module=assignment.module, defines=assignment.defines)
        suite.run(suite.open_session(submission, channel))
        times = []
        for _ in range(3):
            server, started = Server(), time.process_time()
            for frame in channel.asked:
                server.answer(frame)
            times.append(time.process_time() - started)
        seconds += min(times)
    return seconds / len(paths)
