"""The toy's class, graded and judged again without other processes: for tests of what runs, and what is published."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from grader.classroom.batch import BatchOptions, GradedClass, grade_class
from grader.classroom.class_folder import collect_submissions, list_jobs
from grader.classroom.executor import GradedJob, Task, TaskResult
from grader.classroom.rejudge import RejudgeOptions, rejudge_run
from grader.classroom.run_folder import RunFolder
from grader.grading.software import digest_software
from grader.grading.worker import Worker
from grader.intake.roster import Roster
from grader.model.course import Course
from grader.model.report import GradeReport
from grader.sandbox.in_process import InProcessChannel
from grader.sandbox.isolation import Isolation
from grader.tests.support.fake_class import FakeExecutor
from grader.tests.support.toy import open_project


class ToyClass:
    """The toy's class: graded, its suite changed, and judged again; `opened` counts the live channels."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.run = RunFolder(folder / "run")
        self.opened = 0
        self.versions = 0
        self.submitted: list[Task] = []
        (folder / "class").mkdir()
        self.change()
        import grader.examiner.suite  # noqa: F401 - which has a channel of its own for the reference

        monkeypatch.setattr("grader.sandbox.in_process.InProcessChannel", self.open_live)

    def open_live(self) -> InProcessChannel:
        """Counted."""
        self.opened += 1
        return InProcessChannel()

    def change(self, **texts: str) -> None:
        """Another suite from now on."""
        # In a folder of its own: a module that this process has imported would not be read again.
        self.versions += 1
        self.assignment = open_project(self.monkeypatch, self.folder / f"course{self.versions}", **texts)

    def hand_in(self, **texts: str) -> None:
        """A file for each student."""
        for student, text in texts.items():
            (self.folder / "class" / f"{student}.py").write_text(text)

    def grade(self, run: RunFolder | None = None, *, record: bool = True, jailed: bool = False) -> GradedClass:
        """As `grader batch` does, but for the processes."""
        executor = FakeExecutor(self.make_reply(record=record, jailed=jailed))
        return grade_class(
            list_jobs(self.folder / "class"),
            BatchOptions(self.assignment, "none", 1, record=record),
            run or self.run,
            lambda report: None,
            open_executor=lambda options: nullcontext(executor),
        )

    def grade_download(self, folder: Path, roster: Roster) -> GradedClass:
        """Grade the download of a system, with its roster."""
        found = collect_submissions(folder, self.assignment, roster)
        executor = FakeExecutor(self.make_reply(record=True))
        done = grade_class(
            found.jobs,
            BatchOptions(self.assignment, "none", 1),
            self.run,
            lambda report: None,
            ignored=found.ignored,
            outside=found.not_on_roster,
            open_executor=lambda options: nullcontext(executor),
        )
        self.submitted = executor.submitted
        return done

    def rejudge(self, target: RunFolder | None = None, **options: object) -> GradedClass:
        """As `grader rejudge` does, but for the processes."""
        executor = FakeExecutor(self.make_reply(record=True))
        self.opened = 0
        done = rejudge_run(
            self.run,
            target or self.run,
            RejudgeOptions(course=Course(self.assignment.root), **options),
            lambda report: None,
            open_executor=lambda *arguments: nullcontext(executor),
        )
        self.submitted = executor.submitted
        return done

    def make_reply(self, *, record: bool, jailed: bool = False) -> Callable[[Task], TaskResult]:
        """A worker that opens with its first task."""
        workers: list[Worker] = []

        def reply(task: Task) -> TaskResult:
            if not workers:
                workers.append(Worker(self.assignment, isolation="none", prewarm=False))
                # What is jailed here ends its process; the report still says what the class was graded under.
                workers[0].isolation = Isolation.BWRAP
            graded = workers[0].examine(task.job, in_process=not jailed, record=record)
            workers[0].close()
            digest = digest_software(Course(self.assignment.root).datasets)
            text = graded.report.model_dump_json()
            return TaskResult(task, "w1", GradedJob(text, graded.recording, graded.note, digest))

        return reply

    def read(self, student: str, run: RunFolder | None = None) -> GradeReport:
        """A report as it is on the disk."""
        return GradeReport.model_validate_json(((run or self.run).reports / f"{student}.json").read_text())

    def grade_anew(self) -> list[GradeReport]:
        """Return the reports of grading at present, in a run of its own, without timings."""
        run = RunFolder(self.folder / "anew")
        self.grade(run)
        return self.list_reports(run)

    def list_reports(self, run: RunFolder | None = None) -> list[GradeReport]:
        """Everybody's, without timings."""
        run = run or self.run
        return [self.read(student, run).without_timings() for student in run.list_students()]
