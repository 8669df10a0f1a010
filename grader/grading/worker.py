"""Grade one submission. This file knows every step.

A `Worker` is a pair: an examiner (this process, with the hidden suite collected once) and a zygote (in the sandbox,
with torch imported once). `Worker.grade` turns a submission into a report:

    read_confined        files -> one module of definitions (nothing is run)
    Suite.inspect        forbidden names, open stubs, odd code, by the same child
    SubmissionSession    the definitions in a fresh child, forked from the zygote
    Suite.run            the hidden tests, each judged on its own
    score_todos          points
    GradeReport          the result
"""

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from grader.examiner.foreseeing import foresee
from grader.examiner.recording import Recording, pack_recording, read_recording
from grader.examiner.source_findings import Inspection
from grader.examiner.time_limit import MAX_RUNS
from grader.grading.description import cut_code, describe_environment, make_remarks
from grader.grading.job import Job, describe_submission
from grader.grading.scoring import score_todos, total
from grader.model.assignment import Assignment
from grader.model.devices import choose_device
from grader.model.errors import BrokenJail, DamagedRecording, GraderFault, SubmissionRefused
from grader.model.report import (
    CheckResult,
    Code,
    GradedAssignment,
    GradeReport,
    Timing,
)
from grader.model.submission import Submission
from grader.model.verdict import Outcome, Verdict
from grader.reporting.wording import translate_results
from grader.sandbox.jail import Jail, choose_isolation
from grader.sandbox.reader import open_reader, read_confined

if TYPE_CHECKING:
    from grader.sandbox.channel import Channel

NOTHING_INSPECTED = Inspection()
SKIPPED = "no GPU-run tests here: their points went to the other tests of the same TODO, in proportion to theirs"


@dataclass(frozen=True)
class Graded:
    """A report, the bytes of a recording where a new one was made, and a note for the staff."""

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
        prewarm: bool = True,
    ) -> None:
        """Start both at once: the zygote imports torch on one core while the examiner does so on another.

        With `prewarm=False` (to replay recordings) the zygote starts only when it is first needed.
        """
        self.assignment = assignment
        self.isolation = choose_isolation(isolation)
        self.device = choose_device(assignment, device)
        self._jail = self._start_jail() if prewarm else None
        try:
            self.collect(assignment)
        except BaseException:
            self.close()
            raise
        self.environment = describe_environment(self.isolation, self.device)

    def collect(self, assignment: Assignment) -> None:
        """Collect the hidden tests of the assignment, again if they have changed. Its imports must stay the same.

        Raises BrokenSuite.
        """
        # Imported only now: these import torch, and the zygote should be on its way by then.
        from grader.examiner.suite import Suite
        from grader.model.course import Course, commit_to

        secret = Course(assignment.root).load_secret()
        self.assignment = assignment
        self.suite = Suite(assignment, secret, self.device)
        self.seed_commitment = commit_to(secret)

    @property
    def jail(self) -> Jail:
        """Return the sandbox with the zygote, and start it where it is not there."""
        if self._jail is None:
            self._jail = self._start_jail()
        return self._jail

    @jail.setter
    def jail(self, jail: Jail) -> None:
        self._jail = jail

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the zygote and every child."""
        if self._jail is not None:
            self._jail.close()
        self._jail = None

    @property
    def longest_seconds(self) -> float:
        """Return the longest that one submission may take by its limits."""
        return sum_limits(self.assignment, len(self.suite.tests))

    def grade(self, job: Job, *, in_process: bool = False) -> GradeReport:
        """Return one submission's report. Raises SubmissionNotFound where there is none; never for its contents.

        `in_process` runs it in the examiner, without the jail: only for code of our own, such as the corpus.
        """
        return self.examine(job, in_process=in_process).report

    def examine(self, job: Job, *, in_process: bool = False, record: bool = False) -> Graded:
        """Return one submission's report, with a recording of its replies if `record` is set."""
        recording, note = _open_recording(job)
        submission, inspection = self._read(job, recording, in_process)
        channel = self._open_channel(recording, in_process, record)
        try:
            if submission.refused:
                report = self._report_all(job, submission, Outcome(Verdict.FAILED, submission.refused))
            else:
                # In this process a submission could change more than its replies.
                foreseeing = channel if in_process else foresee(channel)
                report = self._examine(job, submission, inspection, foreseeing)
        except GraderFault as fault:
            if isinstance(fault, BrokenJail):
                # The next submission must not pay for what broke under this one.
                self.jail.close()
                self.jail = self._start_jail()
            outcome = Outcome(Verdict.GRADER_FAULT, "")
            return Graded(
                self._report_all(job, submission, outcome, fault=str(fault), inspection=inspection), note=note
            )
        finally:
            channel.close()
        return Graded(report, _pack(submission, recording, channel), note)

    def _read(self, job: Job, recording: Recording | None, in_process: bool) -> tuple[Submission, Inspection]:
        """Return a submission and what was found in its source: one child behind the wall does both."""
        module, defines = self.assignment.module, self.assignment.defines
        with open_reader(self.isolation).keep_child():
            submission = recording.submission if recording else job.submission
            if submission is None:
                submission = read_confined(
                    job.path, isolation=self.isolation, module=module, defines=defines, student=job.student
                )
            if submission.refused:
                return submission, NOTHING_INSPECTED
            try:
                return submission, self.suite.inspect(submission, None if in_process else self.isolation)
            except SubmissionRefused as refusal:
                return replace(submission, refused=str(refusal)), NOTHING_INSPECTED

    def _open_channel(self, recording: Recording | None, in_process: bool, record: bool) -> "Channel":
        from grader.examiner.replay import RecordingChannel, ReplayingChannel
        from grader.sandbox.channel import JailChannel
        from grader.sandbox.in_process import InProcessChannel

        def open_live() -> "Channel":
            if in_process:
                return InProcessChannel()
            return JailChannel(self.jail, self.assignment.limits, module=self.assignment.module.removesuffix(".py"))

        if recording:
            return ReplayingChannel(recording, lambda: RecordingChannel(open_live()))
        return RecordingChannel(open_live()) if record else open_live()

    def _start_jail(self) -> Jail:
        return Jail(
            self.assignment.description.imports, self.isolation, device=self.device.name, course=self.assignment.root
        )

    def _examine(self, job: Job, submission: Submission, inspection: Inspection, channel: "Channel") -> GradeReport:
        started = time.perf_counter()
        results = self.suite.run(self.suite.open_session(submission, channel, inspection), job.kept)
        channel.close()  # the memory that it took is known only now
        timing = Timing(
            wall_seconds=round(time.perf_counter() - started, 4),
            cpu_seconds=round(sum(result.cpu_seconds for result in results), 4),
            peak_memory_mb=round(channel.peak_kb / 1024, 1),
        )
        remarks = make_remarks(inspection, submission, results)
        code = cut_code(inspection, submission, self.assignment.todos)
        return self._report(job, submission, results, timing=timing, remarks=remarks, code=code)

    def _report_all(
        self,
        job: Job,
        submission: Submission,
        outcome: Outcome,
        *,
        fault: str = "",
        inspection: Inspection = NOTHING_INSPECTED,
    ) -> GradeReport:
        """Return a report with the same outcome for every test."""
        results = [test.report(outcome) for test in self.suite.tests]
        remarks = make_remarks(inspection, submission, results)
        return self._report(job, submission, results, fault=fault, remarks=remarks)

    def _report(
        self,
        job: Job,
        submission: Submission,
        results: Sequence[CheckResult],
        *,
        timing: Timing | None = None,
        fault: str = "",
        remarks: tuple[str, ...] = (),
        code: tuple[Code, ...] = (),
    ) -> GradeReport:
        todos = score_todos(self.assignment.todos, results)
        verdicts = {result.status for result in results}
        is_fault = bool(fault) or Verdict.GRADER_FAULT in verdicts
        return GradeReport(
            assignment=GradedAssignment.describe(self.assignment, self.suite.digest),
            submission=describe_submission(job, submission),
            status="grader_fault" if is_fault else "pending" if Verdict.PENDING in verdicts else "graded",
            score=total(todo.score for todo in todos),
            max_score=total(todo.max_score for todo in todos),
            todos=todos,
            tests=tuple(translate_results(results, self.assignment.hidden_tests)),
            code=code,
            environment=self.environment,
            seed_commitment=self.seed_commitment,
            timing=timing or Timing(),
            notes=(SKIPPED,) if self.assignment.gpu_policy == "skip" else (),
            fault=fault,
            remarks=remarks,
        ).bounded()


def open_worker(
    assignment: Assignment, *, isolation: str | None = None, device: str | None = None, prewarm: bool = True
) -> Worker:
    """Return a worker for an assignment. Raises UsageError or BrokenSuite."""
    worker = Worker(assignment, isolation=isolation, device=device, prewarm=prewarm)
    # All that is loaded by now stays to the end. The collector would walk it again and again: its last walk, at exit,
    # took a fifth of the time of a single grade.
    gc.freeze()
    return worker


def _open_recording(job: Job) -> tuple[Recording | None, str]:
    if job.recording is None:
        return None, ""
    try:
        return read_recording(job.recording), ""
    except DamagedRecording as error:
        return None, f"graded again, because the recording {job.recording.name[:12]!r} cannot be used: {error}"


def _pack(submission: Submission, recording: Recording | None, channel: "Channel") -> bytes:
    """Return the recording to keep; empty where none was made, or where the former one holds as much."""
    from grader.examiner.replay import RecordingChannel, ReplayingChannel

    if not isinstance(channel, RecordingChannel | ReplayingChannel):
        return b""
    tests = channel.list_tests()
    if recording and not tests:
        return b""
    return pack_recording((recording or Recording(submission)).extend(tests, channel.peak_kb))


def sum_limits(assignment: Assignment, tests: int) -> float:
    """Return the seconds that so many tests may take.

    Each test may compute and sleep up to its limits, at the top level and again in the test itself, and be repeated
    twice if it is slow. Each TODO may load the file once.
    """
    limits, todos = assignment.limits, len(assignment.todos)
    tried = tests * MAX_RUNS * 2 * (limits.cpu_seconds + limits.asleep_seconds)
    return tried + todos * (limits.load_cpu_seconds + limits.asleep_seconds)
