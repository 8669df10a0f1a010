"""The life of one grade. The one file that knows every step.

A `Worker` is a pair: an examiner (this process, with the hidden suite collected once) and a zygote (in the sandbox,
with torch imported once). `Worker.grade` turns what was handed in into a report:

    read_confined      files -> one module of definitions (nothing is run)
    Subject            the definitions in a fresh child, forked from the zygote
    Suite.run          the hidden tests, each judged on its own
    score_todos        points
    GradeReport        what others rely on
"""

import gc
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from grader.examiner.recording import Recording, pack_recording, read_recording
from grader.examiner.review_flags import find_suspicions
from grader.grading.scoring import score_todos, total
from grader.model.assignment import Assignment
from grader.model.devices import Device, choose_device
from grader.model.errors import BrokenJail, DamagedRecording, GraderFault
from grader.model.report import (
    CheckResult,
    Environment,
    GradedAssignment,
    GradedFile,
    GradedSubmission,
    GradeReport,
    Status,
    Timing,
)
from grader.model.submission import Submission
from grader.model.verdict import Outcome, Verdict
from grader.sandbox.isolation import Isolation
from grader.sandbox.jail import Jail, choose_isolation
from grader.sandbox.reader import read_confined

if TYPE_CHECKING:
    from grader.sandbox.channel import Channel

SKIPPED = "no GPU-run tests here: their points went to the other tests of the same TODO, in proportion to theirs"


@dataclass(frozen=True)
class Job:
    """One submission to grade, or to judge again: from a `recording`, with the results of tests that need not run.

    `entry` is what lies in the class folder; `notes` are for the student, of how the work came to be graded as theirs.
    """

    path: Path
    student: str = ""
    submitted_at: str | None = None
    extension_days: float = 0.0
    recording: Path | None = None
    kept: tuple[CheckResult, ...] = ()
    entry: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Examined:
    """The results of one submission, and what it took."""

    results: Sequence[CheckResult]
    timing: Timing


@dataclass(frozen=True)
class Graded:
    """A report, the bytes of the recording that was made where there is a new one, and a note for the staff."""

    report: GradeReport
    recording: bytes = b""
    note: str = ""


class Worker:
    """An examiner and a zygote, ready to grade one submission after another."""

    def __init__(
        self,
        assignment: Assignment,
        *,
        isolation: str | None = None,
        device: str | None = None,
        expectant: bool = True,
    ) -> None:
        """Start both at once: the zygote imports torch on one core while the examiner does on another. One that is not
        `expectant` has recordings to replay, and starts a zygote only when it is needed."""
        self.assignment = assignment
        self.isolation = choose_isolation(isolation)
        self.device = choose_device(assignment, device)
        if expectant:
            self.jail = self._start_jail()
        try:
            # Imported only now: these import torch, and the zygote should be on its way by then.
            from grader.examiner.suite import Suite
            from grader.model.course import Course, commit_to

            secret = Course(self.assignment.root).load_secret()
            self.suite = Suite(assignment, secret, self.device)
        except BaseException:
            self.close()
            raise
        self.seed_commitment = commit_to(secret)
        self.environment = describe_environment(self.isolation, self.device)

    @cached_property
    def jail(self) -> Jail:
        """The sandbox with the zygote."""
        return self._start_jail()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the zygote and every child."""
        if "jail" in vars(self):
            self.jail.close()

    def grade(self, job: Job, *, in_process: bool = False) -> GradeReport:
        """One submission's report. Raises SubmissionNotFound where nothing is there; never for what is in it.

        `in_process` runs it in the examiner, without the jail: only for code of our own, such as the corpus.
        """
        return self.examine(job, in_process=in_process).report

    def examine(self, job: Job, *, in_process: bool = False, record: bool = False) -> Graded:
        """The same, with what was answered where it is to be recorded."""
        recording, note = _open_recording(job)
        submission = recording.submission if recording else self._read(job)
        channel = self._open_channel(recording, in_process, record)
        started = time.perf_counter()
        try:
            examined = (
                self._refuse(submission) if submission.refused else self._examine(submission, channel, job, started)
            )
        except BrokenJail as fault:
            self._replace_jail()
            return Graded(self._report_fault(job, submission, fault), note=note)
        except GraderFault as fault:
            return Graded(self._report_fault(job, submission, fault), note=note)
        finally:
            channel.close()
        report = self._report(job, submission, examined)
        return Graded(report, _pack(submission, recording, channel), note)

    def _read(self, job: Job) -> Submission:
        return read_confined(
            job.path,
            isolation=self.isolation,
            module=self.assignment.module,
            defines=self.assignment.defines,
            student=job.student,
        )

    def _open_channel(self, recording: Recording | None, in_process: bool, record: bool) -> "Channel":
        from grader.examiner.replay import RecordingChannel, ReplayingChannel
        from grader.sandbox.channel import JailChannel
        from grader.sandbox.in_process import InProcessChannel

        def open_live() -> "Channel":
            return InProcessChannel() if in_process else JailChannel(self.jail, self.assignment.limits)

        if recording:
            return ReplayingChannel(recording, lambda: RecordingChannel(open_live()))
        return RecordingChannel(open_live()) if record else open_live()

    def _start_jail(self) -> Jail:
        return Jail(
            self.assignment.description.imports, self.isolation, device=self.device.name, course=self.assignment.root
        )

    def _replace_jail(self) -> None:
        # The next submission must not pay for what broke under this one.
        self.jail.close()
        self.jail = self._start_jail()

    def _examine(self, submission: Submission, channel: "Channel", job: Job, started: float) -> Examined:
        from grader.examiner.proxy import SubmissionSession

        subject = SubmissionSession(submission, self.assignment, channel, {"cpu", self.device.name})
        results = self.suite.run(subject, job.kept)
        channel.close()  # only then is it known how much memory it took
        return Examined(
            results,
            Timing(
                wall_seconds=round(time.perf_counter() - started, 4),
                cpu_seconds=round(sum(result.cpu_seconds for result in results), 4),
                peak_memory_mb=round(channel.peak_kb / 1024, 1),
            ),
        )

    def _refuse(self, submission: Submission) -> Examined:
        return Examined(self._make_blank_results(Verdict.FAILED, submission.refused), Timing())

    def _make_blank_results(self, verdict: Verdict, message: str) -> list[CheckResult]:
        return [test.report(Outcome(verdict, message)) for test in self.suite.tests]

    def _report(self, job: Job, submission: Submission, examined: Examined, fault: str = "") -> GradeReport:
        todos = score_todos(self.assignment.todos, examined.results)
        return GradeReport(
            assignment=GradedAssignment(
                name=self.assignment.name, title=self.assignment.description.title, suite_digest=self.suite.digest
            ),
            submission=describe_submission(job, submission),
            status=_choose_status(fault, examined.results),
            score=total(todo.score for todo in todos),
            max_score=total(todo.max_score for todo in todos),
            todos=todos,
            tests=tuple(examined.results),
            environment=self.environment,
            seed_commitment=self.seed_commitment,
            timing=examined.timing,
            notes=describe_policy(self.assignment),
            fault=fault,
            remarks=find_suspicions(submission, examined.results),
        )

    def _report_fault(self, job: Job, submission: Submission, fault: GraderFault) -> GradeReport:
        blank = self._make_blank_results(Verdict.GRADER_FAULT, "")
        return self._report(job, submission, Examined(blank, Timing()), fault=str(fault))


def open_worker(
    assignment: Assignment, *, isolation: str | None = None, device: str | None = None, expectant: bool = True
) -> Worker:
    """A worker for the assignment of that name. Raises UsageError or BrokenSuite."""
    worker = Worker(assignment, isolation=isolation, device=device, expectant=expectant)
    # What is loaded by now stays to the end. The collector would walk all of it again and again: a fifth of a grade
    # from nothing went by in its last walk, at exit.
    gc.freeze()
    return worker


def _open_recording(job: Job) -> tuple[Recording | None, str]:
    if job.recording is None:
        return None, ""
    try:
        return read_recording(job.recording), ""
    except DamagedRecording as error:
        return None, f"graded anew, since the recording {job.recording.name[:12]!r} cannot be used: {error}"


def _pack(submission: Submission, recording: Recording | None, channel: "Channel") -> bytes:
    """The recording to keep; none where there is one that holds as much already, or where none was to be made."""
    from grader.examiner.replay import RecordingChannel, ReplayingChannel

    if not isinstance(channel, RecordingChannel | ReplayingChannel):
        return b""
    takes = channel.list_takes()
    if recording and not takes:
        return b""
    return pack_recording((recording or Recording(submission)).extend(takes, channel.peak_kb))


def describe_environment(isolation: Isolation, device: Device) -> Environment:
    """Versions, the device and the wall, for the report."""
    return Environment(
        python=platform.python_version(), torch=version("torch"), device=device.label, isolation=isolation.value
    )


def describe_policy(assignment: Assignment) -> tuple[str, ...]:
    """What a report says of tests that are not in it."""
    return (SKIPPED,) if assignment.gpu_policy == "skip" else ()


def _choose_status(fault: str, results: Sequence[CheckResult]) -> Status:
    verdicts = {result.status for result in results}
    if fault or Verdict.GRADER_FAULT in verdicts:
        return "grader_fault"
    return "pending" if Verdict.PENDING in verdicts else "graded"


def describe_submission(job: Job, submission: Submission) -> GradedSubmission:
    """What was handed in, for the report."""
    notes = [*job.notes, *submission.left_out, *submission.missing.values()]
    return GradedSubmission(
        id=submission.id,
        student=job.student or submission.student,
        files=tuple(GradedFile(path=file.path, sha256=file.sha256) for file in submission.files),
        submitted_at=job.submitted_at,
        extension_days=job.extension_days,
        notes=tuple([submission.refused, *notes] if submission.refused else notes),
        refused=submission.refused,
    )
