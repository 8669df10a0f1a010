"""Judge a class again from its recordings: by changed tests, points or policies, and without student code.

A result is taken over where its test is unchanged (see `repeat`). A changed test is run by a worker over the recorded
replies (see `examiner.replay`). A submission without a usable recording is graded again, as `grader batch` does.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.classroom.attempts import AttemptKeeper, OnReport
from grader.classroom.batch import GradedClass, conclude, find_environment, grade_all, open_batch
from grader.classroom.executor import Executor, TaskResult
from grader.classroom.gradebook import Attempt, Evidence, Gradebook, open_gradebook
from grader.classroom.interrupts import notice_interrupt
from grader.classroom.local_executor import open_local
from grader.classroom.repeat import Repeater
from grader.classroom.run_folder import RunFolder, read_report
from grader.classroom.source import ClassEntry, Left, Settled, find_trouble
from grader.classroom.worker_count import choose_worker_count
from grader.grading.cache_key import GradingConditions, read_conditions
from grader.grading.job import Job
from grader.grading.suite_fingerprint import SuiteFingerprint, fingerprint_suite, load_fingerprint
from grader.model.assignment import Assignment
from grader.model.course import Course, commit_to
from grader.model.devices import recall_choice
from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.sandbox.jail import choose_isolation


@dataclass(frozen=True)
class RejudgeOptions:
    """The options for judging a class again."""

    course: Course
    jobs: int | None = None
    gradebook: str | None = None
    force: bool = False


# Opens so many workers of an assignment, for an isolation level and a device.
OpenReplayingExecutor = Callable[[Assignment, str, int, str | None], AbstractContextManager[Executor]]


@dataclass(kw_only=True)
class RecordedSource:
    """The last attempts of a class; `former` and `former_run` are where those are, `run` is where the new ones go."""

    conditions: GradingConditions
    former: Gradebook
    former_run: RunFolder
    run: RunFolder
    repeater: Repeater
    digest: str
    _fingerprints: dict[str, SuiteFingerprint | None] = field(default_factory=dict)
    _attempts: dict[int, Attempt] = field(default_factory=dict)
    _regraded: list[str] = field(default_factory=list)

    def expect(self, index: int, job: Job) -> None:
        """Do nothing: no submission is read."""

    def identify(self, index: int, job: Job) -> ClassEntry:
        """Return a student's last attempt. Raises UsageError where the gradebook has none."""
        attempt = self.former.find_latest_attempt(job.student, self.repeater.assignment.name)
        if attempt is None:
            raise UsageError(
                f"no attempt of {job.student!r} in the gradebook: pass --store where the class was graded with it, or "
                "grade the class again with `grader batch`"
            )
        self._attempts = {index: attempt}  # only until `prepare`: a class need not fit into memory
        label = attempt.report.submission
        job = replace(
            job,
            path=Path(attempt.evidence.path),
            name=label.name,
            submitted_at=label.submitted_at,
            extension_days=label.extension_days,
        )
        return ClassEntry(index, job, label, self.conditions.make_key(attempt.key.submission))

    def prepare(self, entry: ClassEntry) -> ClassEntry | Settled | Left:
        """Repeat the report where no test has to run; else give a worker the recording and the results that hold."""
        attempt = self._attempts.pop(entry.index)
        digest = attempt.evidence.fingerprint
        if digest not in self._fingerprints:
            text = self.former.find_fingerprint(digest)
            self._fingerprints[digest] = load_fingerprint(text) if text else None
        before = self._fingerprints[digest]
        report = self.repeater.repeat(attempt, before)
        if report is not None:
            recording = self._adopt(attempt.evidence.recording)
            return Settled(Attempt(entry.key, report, Evidence(attempt.evidence.path, recording, self.digest)))
        job = entry.job
        is_usable = before is not None and before.conditions == self.repeater.fingerprint.conditions
        if before is not None and is_usable and attempt.evidence.recording:
            recorded = self.former_run.recordings / attempt.evidence.recording
            job = replace(job, recording=recorded, kept=self.repeater.keep_results(attempt, before))
        if job.recording is None and not (attempt.evidence.path and job.path.exists()):
            warning = (
                f"{entry.job.student}: not judged again: there is neither a usable recording nor the submission; "
                "grade the class again with `grader batch`"
            )
            return Left(attempt.report, warning)
        if job.recording is None:
            self._regraded.append(job.student)
        return replace(entry, job=job)

    def find_trouble(self, entry: ClassEntry, result: TaskResult, report: GradeReport) -> str:
        """Refuse a report of other files, too: without a recording, files were read that may have changed since."""
        if (report.submission.id, report.submission.files) != (entry.label.id, entry.label.files):
            return "the submission has changed since it was graded: grade the class again with `grader batch`"
        return find_trouble(self.conditions, result, report)

    def keep_recording(self, result: TaskResult) -> str:
        """Keep the new recording, or the former one where it holds as much."""
        former, graded = result.task.job.recording, result.graded
        if graded and (graded.recording or former is None or graded.note):
            return self.run.keep_recording(graded.recording)
        return self._adopt(former.name if former else "")

    def list_warnings(self) -> list[str]:
        """Return a line on those who had to be graded again."""
        if not self._regraded:
            return []
        names = ", ".join(self._regraded)
        return [
            f"{len(self._regraded)} graded again, because there is no recording of them, or it was made under other "
            f"conditions: {names}"
        ]

    def _adopt(self, recording: str) -> str:
        if not recording or self.run.recordings == self.former_run.recordings:
            return recording
        return self.run.adopt_recording(self.former_run.recordings / recording)


def rejudge_run(
    source: RunFolder,
    target: RunFolder,
    options: RejudgeOptions,
    on_report: OnReport,
    *,
    open_executor: OpenReplayingExecutor | None = None,
) -> GradedClass:
    """Judge the class of one run again, into the same folder or another. Raises UsageError or GraderFault.

    `open_executor` opens other workers than those of this machine.
    """
    if not options.gradebook and not source.gradebook.is_file():
        source.list_reports()  # says what is wrong where the folder is not a run at all
        raise UsageError(f"no gradebook in {str(source.folder)!r}: pass --store where the class was graded with it")
    students = source.list_students()
    first = read_report(source.list_reports()[0])
    assignment = options.course.load_assignment(first.assignment.name)
    isolation, device = first.environment.isolation, recall_choice(first.environment.device)
    conditions = read_conditions(assignment, find_environment(assignment, isolation, device))
    workers = choose_worker_count(len(students), assignment, wanted=options.jobs, device=device)
    with (
        notice_interrupt() as interrupted,
        target.open(),
        open_gradebook(options.gradebook or source.gradebook) as former,
        open_gradebook(options.gradebook or target.gradebook) as gradebook,
        (open_executor or open_replaying)(assignment, isolation, workers, device) as executor,
    ):
        target.limit_to(students)
        if not gradebook.list_adjustments(assignment.name):
            rows = [row for rows in former.list_adjustments(assignment.name).values() for row in rows]
            gradebook.add_adjustments(assignment.name, sorted(rows, key=lambda row: row.number))
        repeater = _make_repeater(assignment, conditions, options.course, source)
        digest = gradebook.add_fingerprint(repeater.fingerprint.dump())
        keeper = AttemptKeeper(assignment=assignment, run=target, gradebook=gradebook, on_report=on_report)
        batch = open_batch(
            RecordedSource(
                conditions=conditions,
                former=former,
                former_run=source,
                run=target,
                repeater=repeater,
                digest=digest,
            ),
            executor,
            keeper,
            conditions=conditions,
            interrupted=interrupted,
            force=options.force,
            fingerprint=digest,
        )
        left = grade_all(batch, keeper, [Job(Path(), student=student) for student in students])
        return conclude(batch, keeper, left, [], source.read_entries())


def _make_repeater(
    assignment: Assignment, conditions: GradingConditions, course: Course, source: RunFolder
) -> Repeater:
    commitment = commit_to(course.load_secret())
    return Repeater(
        assignment=assignment,
        fingerprint=fingerprint_suite(assignment, conditions.environment, commitment),
        suite=conditions.suite,
        commitment=commitment,
        recordings=source.recordings,
        isolation=choose_isolation(conditions.environment.isolation),
    )


def open_replaying(
    assignment: Assignment, isolation: str, workers: int, device: str | None
) -> AbstractContextManager[Executor]:
    """Return workers of this machine that start a zygote only for what the recordings do not hold."""
    return open_local(assignment, isolation, workers, device=device, record=True, prewarm=False)
