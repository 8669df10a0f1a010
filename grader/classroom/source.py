"""The sources of a class's work: they say what is known of an entry already, and what a worker has to do for it.

`FreshSource` reads submissions (`grader batch`); `rejudge.RecordedSource` takes up what was recorded of them.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from grader.classroom.executor import TaskResult
from grader.classroom.gradebook import Attempt, Evidence, Gradebook
from grader.classroom.read_ahead import ReadAhead
from grader.classroom.run_folder import RunFolder
from grader.classroom.selection import EVERYONE, ChosenStudents
from grader.grading.cache_key import CacheKey, GradingConditions
from grader.grading.job import Job, describe_submission
from grader.model.assignment import Assignment
from grader.model.digests import digest_submission
from grader.model.report import GradedSubmission, GradeReport
from grader.model.verdict import Verdict


@dataclass(frozen=True)
class ClassEntry:
    """One entry of the class, the label of its report, the key of its result, and a warning for the staff."""

    index: int
    job: Job
    label: GradedSubmission
    key: CacheKey
    warning: str = ""


@dataclass(frozen=True)
class KnownAttempt:
    """An attempt that counts as it is: it is in the gradebook already."""

    attempt: Attempt


@dataclass(frozen=True)
class Settled:
    """A new attempt that needed no worker."""

    attempt: Attempt


@dataclass(frozen=True)
class Left:
    """A report that stays as it is, and a warning that says why."""

    report: GradeReport
    warning: str


class Source(Protocol):
    """The work of a class: `identify` an entry, then `prepare` it unless it was graded before."""

    def expect(self, index: int, job: Job) -> None:
        """Begin to read an entry that `identify` is asked for soon."""

    def identify(self, index: int, job: Job) -> ClassEntry | KnownAttempt | Settled:
        """Return an entry with the key of its result, or the result itself."""

    def prepare(self, entry: ClassEntry) -> ClassEntry | Settled | Left:
        """Return an entry as a worker is to grade it, or its result where no worker is needed."""

    def find_trouble(self, entry: ClassEntry, result: TaskResult, report: GradeReport) -> str:
        """Return why a worker's report cannot be taken; an empty string where it can."""

    def keep_recording(self, result: TaskResult) -> str:
        """Keep a result's recording and return its name; empty where there is none."""

    def list_warnings(self) -> list[str]:
        """Return what the staff should know, once all entries were taken."""


@dataclass(kw_only=True)
class FreshSource:
    """Submissions as they lie in the class folder. With `pending`, only what waits for a GPU is graded.

    `selection` may leave out more.
    """

    assignment: Assignment
    conditions: GradingConditions
    run: RunFolder
    gradebook: Gradebook
    commitment: str
    read_ahead: ReadAhead
    fingerprint: str = ""
    pending: bool = False
    selection: ChosenStudents = EVERYONE

    def expect(self, index: int, job: Job) -> None:
        """Begin to read the submission."""
        self.read_ahead.begin(index, job)

    def identify(self, index: int, job: Job) -> ClassEntry | KnownAttempt | Settled:
        """Read the submission. No student's files may stop the class."""
        name = self.assignment.name
        is_partial = self.pending or self.selection.is_partial
        latest = self.gradebook.find_latest_attempt(job.student, name) if is_partial else None
        is_settled = self.pending and latest is not None and latest.report.status != "pending"
        if latest and (is_settled or self.selection.leaves_out(job.student, latest)):
            return KnownAttempt(latest)
        try:
            submission = self.read_ahead.take(index, job)
        except Exception as error:  # noqa: BLE001 - see above
            fault = f"reading it failed: {type(error).__name__}: {error}"
            report = make_fault(self.assignment, self.conditions, job, fault)
            evidence = Evidence(name_path(job), "", self.fingerprint)
            return Settled(Attempt(self.conditions.make_key(""), report, evidence))
        digest = digest_submission(submission)
        if self.selection.changed:
            same = self.gradebook.find_latest_attempt(job.student, name, submission=digest)
            if same and same.report.status != "grader_fault":
                return KnownAttempt(same)
        warning = f"{job.student}: cannot be read: {submission.refused}" if submission.refused else ""
        key = self.conditions.make_key(digest)
        if submission.refused:
            # What was too much to read is not read again by a worker.
            job = replace(job, submission=submission)
        return ClassEntry(index, job, describe_submission(job, submission), key, warning)

    def prepare(self, entry: ClassEntry) -> ClassEntry:
        """Keep the results of a report that waits for a GPU, as far as they would be the same again."""
        former = self.gradebook.find_latest_attempt(entry.job.student, self.assignment.name) if self.pending else None
        if former is None or former.report.seed_commitment != self.commitment:
            return entry
        # The environment must be the same, except for the device.
        here, there = self.conditions.environment, former.report.environment
        key = replace(self.conditions, environment=there).make_key(entry.key.submission)
        if former.key != key or there.model_copy(update={"device": here.device}) != here:
            return entry
        kept = tuple(test for test in former.report.tests if test.status is not Verdict.PENDING)
        recording = self.run.recordings / former.evidence.recording
        return replace(entry, job=replace(entry.job, kept=kept, recording=recording if recording.is_file() else None))

    def find_trouble(self, entry: ClassEntry, result: TaskResult, report: GradeReport) -> str:
        """Take a report only if it was made under the conditions of the class, and not if the grader failed."""
        return find_trouble(self.conditions, result, report)

    def keep_recording(self, result: TaskResult) -> str:
        """Write the recording into the run's folder."""
        return self.run.keep_recording(result.graded.recording if result.graded else b"")

    def list_warnings(self) -> list[str]:
        """Return no warnings: those of a fresh class are about single entries."""
        return []


def find_trouble(conditions: GradingConditions, result: TaskResult, report: GradeReport) -> str:
    """Return why a worker's report cannot be taken: other conditions, or a fault of the grader."""
    software = result.graded.software if result.graded else ""
    return conditions.find_difference(report, software) or (report.reason if report.status == "grader_fault" else "")


def make_fault(assignment: Assignment, conditions: GradingConditions, job: Job, fault: str) -> GradeReport:
    """Return the report of a submission that could not be graded."""
    label = GradedSubmission(id="", student=job.student, name=job.name, files=(), submitted_at=job.submitted_at)
    return GradeReport.for_fault(
        assignment, label, suite=conditions.suite, environment=conditions.environment, fault=fault
    )


def name_path(job: Job) -> str:
    """Return the submission's absolute path, since the class may be judged again from another folder."""
    return "" if job.path == Path() else str(job.path.absolute())
