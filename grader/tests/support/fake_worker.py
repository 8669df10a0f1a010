"""Reports and workers without torch, without a jail and without hidden tests: for tests of what stands around grading.

A fake worker does what the submission's text says: `score 40`, `fault`, `raise`, `die`, `wait`. It is started as a
real process, so this module imports little.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from grader.classroom.local_executor import GradedJob, Work
from grader.grading.cache_key import GradingConditions
from grader.grading.worker import Job
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
CONDITIONS = GradingConditions("s" * 64, ENVIRONMENT)


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
def open_fake(log: Path) -> Iterator[Work]:
    """A worker that writes down each opening and each job before it does as the submission says."""
    note(log, f"open {os.getpid()}")
    try:
        yield lambda job: obey(job, log)
    finally:
        note(log, f"close {os.getpid()}")


@contextmanager
def open_doomed(log: Path) -> Iterator[Work]:
    """A worker whose process ends while it starts."""
    note(log, "open")
    os._exit(7)
    yield make_product


@contextmanager
def open_refused(kind: str) -> Iterator[Work]:
    """A worker that cannot be opened, and says why."""
    raise UsageError("no wall here") if kind == "usage" else BrokenSuite("the suite is broken")
    yield make_product


def make_product(job: Job) -> GradedJob:
    """A good report, with a recording that says whose it is."""
    return GradedJob(make_report(job.student).model_dump_json(), job.student.encode())


def obey(job: Job, log: Path) -> GradedJob:
    """What the submission asks for in its first line, a comment."""
    note(log, f"grade {job.student} {os.getpid()}")
    order, _, value = job.path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").partition(" ")
    if order == "die":
        os._exit(9)
    if order == "raise":
        raise RuntimeError(f"the worker stumbled over {job.student}")
    if order == "wait":
        await_file(Path(value))
    if order == "fault" or (order == "fault-once" and count(log, f"grade {job.student} ") == 1):
        fault = make_report(job.student, score=0.0, status="grader_fault", fault="the zygote is gone")
        return GradedJob(fault.model_dump_json())
    return GradedJob(make_report(job.student, score=float(value) if order == "score" else 100.0).model_dump_json())


def await_file(path: Path) -> None:
    """Come back when the file is there, so that a test can say when."""
    while not path.exists():
        time.sleep(0.01)


def note(log: Path, line: str) -> None:
    """Append one line; appends of several processes do not mix."""
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def count(log: Path, beginning: str) -> int:
    """How many lines begin like that."""
    return sum(line.startswith(beginning) for line in read_lines(log))


def read_lines(log: Path) -> list[str]:
    """What was written down so far."""
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []
