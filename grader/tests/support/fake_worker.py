"""Reports and workers without torch, without a jail and without hidden tests: for tests of what stands around grading.

A fake worker does what the submission's text says: `score 40`, `fault`, `raise`, `die`, `wait`. It is started as a
real process, so this module imports little.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from grader.classroom.executor import GradedJob, OpenWorker
from grader.grading.cache_key import GradingConditions
from grader.grading.job import Job
from grader.model.errors import BrokenSuite, UsageError
from grader.model.report import (
    CheckResult,
    Environment,
    GradedAssignment,
    GradedSubmission,
    GradeReport,
    TodoResult,
)
from grader.model.verdict import Verdict

ENVIRONMENT = Environment(python="3.11", torch="2", device="cpu", isolation="none")
CONDITIONS = GradingConditions("s" * 64, ENVIRONMENT, "w" * 64)


def make_report(
    student: str,
    *,
    score: float = 100.0,
    status: Literal["graded", "pending", "grader_fault"] = "graded",
    submission: str = "a" * 64,
    suite: str = CONDITIONS.suite,
    fault: str = "",
) -> GradeReport:
    """A report on two TODOs, of which the first one takes the points that the second one lacks."""
    todos = (make_todo("first", min(score, 60.0), 60.0), make_todo("second", max(score - 60.0, 0.0), 40.0))
    return GradeReport(
        assignment=GradedAssignment(name="toy", title="Toy", suite_digest=suite),
        submission=GradedSubmission(id=submission, student=student, files=()),
        status=status,
        score=score,
        max_score=100.0,
        todos=todos,
        tests=tuple(make_check(todo) for todo in todos),
        environment=ENVIRONMENT,
        seed_commitment="c" * 64,
        fault=fault,
    )


def make_todo(todo_id: str, score: float, points: float) -> TodoResult:
    """A TODO that passed where it has all its points."""
    status = Verdict.PASSED if score == points else Verdict.FAILED
    return TodoResult(id=todo_id, title=todo_id.title(), score=score, max_score=points, status=status)


def make_check(todo: TodoResult) -> CheckResult:
    """The one test of a TODO."""
    return CheckResult(
        id=f"test_{todo.id}",
        name=f"The {todo.id} thing works.",
        todo=todo.id,
        category="behaviour",
        status=todo.status,
        score=todo.score,
        max_score=todo.max_score,
    )


@contextmanager
def open_fake(log: Path, conditions: GradingConditions = CONDITIONS, deadline: float = 600.0) -> Iterator[OpenWorker]:
    """Open a worker that writes down each opening and each job before it does as the submission says."""
    note(log, f"open {os.getpid()}")
    try:
        yield OpenWorker(lambda job: obey(job, log, conditions), deadline)
    finally:
        note(log, f"close {os.getpid()}")


@contextmanager
def open_doomed(log: Path) -> Iterator[OpenWorker]:
    """Be a worker whose process ends while it starts."""
    note(log, "open")
    os._exit(7)
    yield  # type: ignore[misc]


@contextmanager
def open_hanging(log: Path) -> Iterator[OpenWorker]:
    """Be a worker that never opens."""
    note(log, f"open {os.getpid()}")
    hang()
    yield  # type: ignore[misc]


@contextmanager
def open_refused(kind: str) -> Iterator[OpenWorker]:
    """Be a worker that cannot be opened, and says why."""
    raise UsageError("no wall here") if kind == "usage" else BrokenSuite("the suite is broken")
    yield


def obey(job: Job, log: Path, conditions: GradingConditions = CONDITIONS) -> GradedJob:
    """Do what the submission's first line, a comment, asks for."""
    note(log, f"grade {job.student} {os.getpid()}")
    order, _, value = job.path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").partition(" ")
    tries = count(log, f"grade {job.student} ")
    if order == "die":
        os._exit(9)
    if order == "raise":
        raise RuntimeError(f"the worker stumbled over {job.student}")
    if order == "wait":
        await_file(Path(value))
    if order == "sleep":
        time.sleep(float(value))
    if order == "hang" or (order == "hang-once" and tries == 1):
        hang()
    report = make_report(job.student, score=float(value) if order == "score" else 100.0)
    if order == "fault" or (order == "fault-once" and tries == 1):
        report = make_report(job.student, score=0.0, status="grader_fault", fault="the zygote is gone")
    assignment = report.assignment.model_copy(update={"suite_digest": conditions.suite})
    report = report.model_copy(update={"assignment": assignment, "environment": conditions.environment})
    return GradedJob(report.model_dump_json(), software=conditions.software)


def hang() -> None:
    """Compute for ever in a regular expression, beside which no other thread of Python gets a turn."""
    re.match(r"(a?){60}b", "a" * 60)


def await_file(path: Path) -> None:
    """Come back when the file is there, so that a test can say when."""
    while not path.exists():
        time.sleep(0.01)


def note(log: Path, line: str) -> None:
    """Append one line; appends of several processes do not mix."""
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def count(log: Path, beginning: str) -> int:
    """Return the number of lines that begin like that."""
    return sum(line.startswith(beginning) for line in read_lines(log))


def read_lines(log: Path) -> list[str]:
    """Return the lines that were written down so far."""
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []
