"""A small class in a folder, and an executor that answers in this process: for tests of batch, rejudge and policies."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import create_engine, text

from grader.classroom.attempts import AttemptKeeper
from grader.classroom.batch import BatchOptions, GradedClass, conclude, find_environment, grade_all, open_batch
from grader.classroom.class_folder import list_jobs
from grader.classroom.executor import GradedJob, Task, TaskResult
from grader.classroom.gradebook import Gradebook, open_gradebook
from grader.classroom.read_ahead import ReadAhead
from grader.classroom.run_folder import RunFolder
from grader.classroom.source import FreshSource
from grader.grading.cache_key import GradingConditions, read_conditions
from grader.grading.job import Job
from grader.model.assignment import Assignment
from grader.model.report import GradeReport
from grader.tests.support.fake_worker import CONDITIONS, make_report

Reply = Callable[[Task], TaskResult]


class FakeExecutor:
    """Answers one task at a time, in this process; has room for three."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.waiting: list[Task] = []
        self.submitted: list[Task] = []
        self.replaced: list[str] = []

    def count_room(self) -> int:
        """Return how many tasks are missing to three."""
        return max(3 - len(self.waiting), 0)

    def submit(self, task: Task) -> None:
        """Note a task."""
        self.waiting.append(task)
        self.submitted.append(task)

    def collect(self, seconds: float | None = None) -> list[TaskResult]:
        """Return the result of the oldest task."""
        return [self.reply(self.waiting.pop(0))] if self.waiting else []

    def replace(self, worker: str) -> None:
        """Note a worker."""
        self.replaced.append(worker)

    def close(self) -> None:
        """Do nothing: there is no process to end."""


def answer(
    task: Task, report: GradeReport, *, worker: str = "w1", recording: bytes = b"", conditions=CONDITIONS
) -> TaskResult:
    """Return a report as a worker's result, made under those conditions."""
    assignment = report.assignment.model_copy(update={"suite_digest": conditions.suite})
    made = report.model_copy(update={"assignment": assignment, "environment": conditions.environment})
    return TaskResult(task, worker, GradedJob(made.model_dump_json(), recording, software=conditions.software))


@contextmanager
def open_fake_executor(reply: Reply, options: BatchOptions) -> Iterator[FakeExecutor]:
    """Give an executor whose worker says that it grades under the conditions of the class."""
    environment = find_environment(options.assignment, options.isolation, options.wanted_device)
    conditions = read_conditions(options.assignment, environment)

    def agree(task: Task) -> TaskResult:
        result = reply(task)
        if result.graded is None:
            return result
        report = GradeReport.model_validate_json(result.graded.text)
        return answer(task, report, worker=result.worker, conditions=conditions)

    yield FakeExecutor(agree)


def grade_well(task: Task) -> TaskResult:
    """Be a worker that is always sound."""
    return answer(task, make_report(task.job.student, score=80))


def grade_badly(task: Task) -> TaskResult:
    """Be a worker whose zygote is gone."""
    fault = make_report(task.job.student, score=0, status="grader_fault", fault="the zygote is gone")
    return answer(task, fault, worker=f"w{len(task.avoid) + 1}")


def die(task: Task) -> TaskResult:
    """Be a worker that ends before it answers."""
    return TaskResult(task, "w1", trouble="the worker process ended by itself, with exit code -9")


def hang(task: Task) -> TaskResult:
    """Be a worker that meets its deadline."""
    return TaskResult(task, f"w{len(task.avoid) + 1}", trouble="the worker process did not answer", is_stuck=True)


class FakeClass:
    """A toy course, a class folder and a run, all in a folder of their own."""

    def __init__(self, folder: Path, assignment: Assignment) -> None:
        self.assignment = assignment
        self.submissions = folder / "class"
        self.submissions.mkdir()
        self.run = RunFolder(folder / "run")
        self.interrupted = Event()
        self.reported: list[str] = []

    def hand_in(self, student: str, text: str = "") -> None:
        """Write one file for one student."""
        (self.submissions / f"{student}.py").write_text(f"# {text or student}\ndef double(number):\n    return 2\n")

    def grade(
        self,
        executor: FakeExecutor,
        *,
        conditions: GradingConditions = CONDITIONS,
        jobs: list[Job] | None = None,
        on_report: Callable[[GradeReport], None] | None = None,
        force: bool = False,
        pending: bool = False,
        commitment: str = "c" * 64,
    ) -> GradedClass:
        """Grade the whole class."""

        def note(report: GradeReport) -> None:
            self.reported.append(report.submission.student)

        wanted = jobs or list_jobs(self.submissions)
        with (
            self.run.open(),
            self.open_gradebook() as gradebook,
            ReadAhead(wanted, self.assignment, "bwrap") as read_ahead,
        ):
            source = FreshSource(
                assignment=self.assignment,
                conditions=conditions,
                run=self.run,
                gradebook=gradebook,
                commitment=commitment,
                read_ahead=read_ahead,
                pending=pending,
            )
            keeper = AttemptKeeper(
                assignment=self.assignment, run=self.run, gradebook=gradebook, on_report=on_report or note
            )
            batch = open_batch(
                source, executor, keeper, conditions=conditions, interrupted=self.interrupted, force=force
            )
            return conclude(batch, keeper, grade_all(batch, keeper, wanted), [])

    @contextmanager
    def open_gradebook(self) -> Iterator[Gradebook]:
        """Give the gradebook of the run."""
        with open_gradebook(self.run.gradebook) as gradebook:
            yield gradebook

    def find_latest(self, student: str) -> GradeReport | None:
        """Return the report that counts, as the gradebook has it."""
        with self.open_gradebook() as gradebook:
            attempt = gradebook.find_latest_attempt(student, "toy")
            return attempt.report if attempt else None

    def read_report(self, student: str) -> GradeReport:
        """Return a report as it is on the disk."""
        return GradeReport.model_validate_json((self.run.reports / f"{student}.json").read_text())

    def read_summary(self) -> dict[str, Any]:
        """Return summary.json."""
        return dict(json.loads(self.run.summary.read_text()))

    def list_scores(self, student: str) -> list[float | None]:
        """Return the score of every row of a student, the first one first."""
        return [row["score"] for row in list_rows(f"sqlite:///{self.run.gradebook}", student)]


def list_rows(url: str, student: str) -> list[dict[str, Any]]:
    """Return every row of a student in the gradebook of that database, the first one first."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            query = text("SELECT * FROM attempts WHERE student = :student ORDER BY id")
            return [dict(row) for row in connection.execute(query, {"student": student}).mappings()]
    finally:
        engine.dispose()
