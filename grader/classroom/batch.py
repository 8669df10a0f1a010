"""Grade a whole class: read the submissions, have worker processes grade them, keep each report as it comes.

What was graded once under the same `CacheKey` is not graded again, so that the same command goes on where the last one
ended, however it ended. A report is in the gradebook and on the disk before anybody hears of it.
"""

import os
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from threading import Event
from types import FrameType, ModuleType
from typing import Any

from grader.classroom.accounting import EntryFate, Judged, account_for, describe_result, name_entry, summarise_entries
from grader.classroom.gradebook import Attempt, Evidence, Gradebook, locate_gradebook, open_gradebook
from grader.classroom.local_executor import Executor, Task, TaskResult, open_local
from grader.classroom.run_folder import RunFolder
from grader.grading.cache_key import CacheKey, GradingConditions
from grader.grading.scoring import charge_lateness, total
from grader.grading.suite_fingerprint import fingerprint_suite
from grader.grading.worker import Job, describe_environment, describe_submission
from grader.intake.downloads import Ignored
from grader.model.assignment import Assignment
from grader.model.course import Course, commit_to
from grader.model.devices import choose_device
from grader.model.digests import digest_suite
from grader.model.errors import UsageError
from grader.model.report import GradedAssignment, GradedSubmission, GradeReport, TodoResult
from grader.model.verdict import Verdict
from grader.sandbox.jail import choose_isolation
from grader.sandbox.reader import read_confined

RETRIES = 2
MOST_REMARKS = 3
FINISHING = b"\ngrader: finishing what is in flight; press Ctrl-C again to stop at once\n"

OnReport = Callable[[GradeReport], None]


@dataclass(frozen=True)
class BatchOptions:
    """How a class is to be graded."""

    assignment: Assignment
    isolation: str
    workers: int
    dask: str | None = None
    store: str | None = None
    force: bool = False
    record: bool = True
    device: str | None = None
    pending: bool = False

    @property
    def wanted_device(self) -> str | None:
        """What waits for a GPU is finished on nothing else."""
        return "cuda" if self.pending else self.device


@dataclass(frozen=True)
class GradedClass:
    """A class as far as it was graded: reports without their tests in the order of the jobs, and who is left.

    `kept` counts those that were graded before; `attention` has a line for each student whom somebody should look at.
    """

    reports: list[GradeReport]
    kept: int
    attention: list[str]
    left: list[str]
    entries: list[EntryFate]


@dataclass(frozen=True)
class Submitter:
    """One entry of the class and how its report is labelled."""

    index: int
    job: Job
    label: GradedSubmission


@dataclass
class PendingResult:
    """A result that is being waited for, by everyone who handed in the same."""

    entrants: list[Submitter]
    failed: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Batch:
    """One class on its way through the workers."""

    assignment: Assignment
    conditions: GradingConditions
    executor: Executor
    run: RunFolder
    store: Gradebook
    tell: OnReport
    interrupted: Event
    force: bool = False
    pending: bool = False
    outline: str = ""
    cases: dict[CacheKey, PendingResult] = field(default_factory=dict)
    reports: dict[int, GradeReport] = field(default_factory=dict)
    handed_in: Counter[str] = field(default_factory=Counter)
    results: dict[str, dict[int, Attempt]] = field(default_factory=lambda: defaultdict(dict))
    attention: list[str] = field(default_factory=list)
    shared: dict[Any, Any] = field(default_factory=dict)
    kept: int = 0
    sound_workers: set[str] = field(default_factory=set)
    listed: Sequence[Job] = ()
    ignored: Sequence[Ignored] = ()
    former_entries: object = None
    judged: dict[tuple[str, str], Judged] = field(default_factory=dict)

    def grade(self, jobs: Sequence[Job]) -> GradedClass:
        """Every job, or as many as were in flight when somebody interrupted. Of several jobs of a student the best one
        counts."""
        self.handed_in = Counter(job.student for job in jobs)
        arriving = iter(enumerate(jobs))
        while self._admit(arriving):
            for answer in self.executor.collect():
                self._settle(answer)
        return self._conclude(jobs)

    def _conclude(self, jobs: Sequence[Job]) -> GradedClass:
        reports = [self.reports[index] for index in sorted(self.reports)]
        told = {report.submission.student for report in reports}
        left = [student for student in dict.fromkeys(job.student for job in jobs) if student not in told]
        waiting = sum(report.status == "pending" for report in reports)
        if waiting:
            self.attention.append(f"{waiting} wait for a GPU: run this again with --pending on a machine that has one")
        entries = account_for(self.listed, self.judged, self.ignored)
        self.run.write_summary(reports, left, summarise_entries(entries) if entries else self.former_entries)
        return GradedClass(reports, self.kept, self.attention, left, entries)

    def _admit(self, arriving: Iterator[tuple[int, Job]]) -> bool:
        """Take entries until the workers have enough to do. Whether something is in flight."""
        while self.executor.has_room() and not self.interrupted.is_set():
            entry = next(arriving, None)
            if entry is None:
                break
            self._enter(*entry)
        return bool(self.cases)

    def _enter(self, index: int, job: Job) -> None:
        latest = self.store.find_latest_attempt(job.student, self.assignment.name) if self.pending else None
        if latest and latest.report.status != "pending":
            self.kept += 1
            self._note_result(job, latest.report)
            self._receive(index, latest)
            return
        try:
            submission = read_confined(
                job.path,
                isolation=self.conditions.environment.isolation,
                module=self.assignment.module,
                defines=self.assignment.defines,
                student=job.student,
            )
        except Exception as error:  # noqa: BLE001 - what one student handed in must not stop the class
            trouble = f"reading it failed: {type(error).__name__}: {error}"
            fault = self._make_fault(job, trouble)
            self._note_result(job, fault)
            self._keep(index, Attempt(self.conditions.make_key(None), fault, self._make_evidence(job, "")))
            return
        if submission.refused:
            self.attention.append(f"{job.student}: cannot be read: {submission.refused}")
        entrant = Submitter(index, job, describe_submission(job, submission))
        self._look_up(entrant, self.conditions.make_key(submission))

    def _look_up(self, entrant: Submitter, key: CacheKey) -> None:
        if self.pending:
            entrant = replace(entrant, job=self._keep_results(entrant.job, key))
        found = None if self.force else self.store.find_attempt(key, entrant.job.student)
        if found and key not in self.cases:
            self._confirm(entrant, found)
        else:
            self._judge(entrant, key)

    def _keep_results(self, job: Job, key: CacheKey) -> Job:
        """With what was found where there was no GPU, as far as it would be found again."""
        former = self.store.find_latest_attempt(job.student, self.assignment.name)
        if former is None or not self._holds(former, key):
            return job
        kept = tuple(test for test in former.report.tests if test.status is not Verdict.PENDING)
        recording = self.run.recordings / former.evidence.recording
        return replace(job, kept=kept, recording=recording if recording.is_file() else None)

    def _holds(self, former: Attempt, key: CacheKey) -> bool:
        """Whether a result was made under the same conditions but for the device."""
        elsewhere = former.report.environment.model_copy(update={"device": self.conditions.environment.device})
        return (
            (former.key.submission, former.key.suite) == (key.submission, key.suite)
            and elsewhere == self.conditions.environment
            and former.report.seed_commitment == commit_to(Course(self.assignment.root).load_secret())
        )

    def _judge(self, entrant: Submitter, key: CacheKey) -> None:
        if key in self.cases:
            self.cases[key].entrants.append(entrant)
        else:
            self.cases[key] = PendingResult([entrant])
            self.executor.submit(Task(key, entrant.job))

    def _settle(self, answer: TaskResult) -> None:
        report = GradeReport.model_validate_json(answer.text) if answer.text else None
        trouble = answer.trouble or (self._find_trouble(answer.task.key, report) if report else "")
        if report and not trouble:
            self.sound_workers.add(answer.worker)
            self._finish(answer.task.key, report, self._keep_recording(answer), answer.note)
            return
        if report and report.fault and answer.worker in self.sound_workers:
            # Its zygote is gone, say. A worker that never was sound is kept: another would do no better.
            self.executor.replace(answer.worker)
        fault = report if report and report.status == "grader_fault" else self._make_fault(answer.task.job, trouble)
        self._try_again(answer, fault)

    def _try_again(self, answer: TaskResult, fault: GradeReport) -> None:
        key, failed = answer.task.key, self.cases[answer.task.key].failed
        failed.append(answer.worker)
        if len(failed) > RETRIES:
            self._finish(key, fault, "", answer.note)
        elif self.interrupted.is_set():
            del self.cases[key]
        else:
            self.executor.submit(Task(key, answer.task.job, frozenset(failed)))

    def _keep_recording(self, answer: TaskResult) -> str:
        return self.run.keep_recording(answer.recording)

    def _find_trouble(self, key: CacheKey, report: GradeReport) -> str:
        return self.conditions.find_difference(report) or (report.reason if report.status == "grader_fault" else "")

    def _finish(self, key: CacheKey, report: GradeReport, recording: str, note: str) -> None:
        for entrant in self.cases.pop(key).entrants:
            evidence = self._make_evidence(entrant.job, recording)
            labelled = self._relabel(report, entrant)
            self._note_result(entrant.job, labelled)
            self._keep(entrant.index, Attempt(key, labelled, evidence))
            if note:
                self.attention.append(f"{entrant.job.student}: {note}")

    def _relabel(self, report: GradeReport, entrant: Submitter) -> GradeReport:
        """The same result for somebody who handed in the same, at a time of their own; of a fault, too."""
        report = report.model_copy(update={"submission": entrant.label})
        return charge_lateness(report, self.assignment.description.late)

    def _keep(self, index: int, attempt: Attempt) -> None:
        if self.handed_in[attempt.report.submission.student] > 1:
            self.store.add_all([attempt])
            self._receive(index, attempt)
            return
        with self.run.stage_report(attempt.report):
            self.store.add_all([attempt])
        self._tell(index, attempt.report)

    def _receive(self, index: int, attempt: Attempt) -> None:
        """Once all that the student handed in has a result, the best of it is put last in the gradebook."""
        student = attempt.report.submission.student
        results = self.results[student]
        results[index] = attempt
        if len(results) < self.handed_in[student]:
            return
        del self.results[student]
        best = max(results, key=lambda index: (not results[index].report.fault, results[index].report.score, index))
        faults = sum(bool(result.report.fault) for result in results.values())
        if faults and len(results) > 1:
            self.attention.append(f"{student}: {faults} of {len(results)} attempts not graded, the grader failed")
        self._publish(results[best])
        self._tell(best, results[best].report)

    def _publish(self, attempt: Attempt) -> None:
        report = attempt.report
        if self.store.find_latest(report.submission.student, self.assignment.name) != report:
            with self.run.stage_report(report):
                self.store.add_all([attempt])
        elif not self.run.holds(report):
            with self.run.stage_report(report):
                pass

    def _make_evidence(self, job: Job, recording: str) -> Evidence:
        # Absolute: whoever judges it again may stand in another folder.
        return Evidence(str(job.path.absolute()), recording, self.outline)

    def _confirm(self, entrant: Submitter, found: Attempt) -> None:
        """Graded before, though perhaps for another student or before the last attempt."""
        self.kept += 1
        evidence = replace(found.evidence, path=str(entrant.job.path.absolute()))
        labelled = self._relabel(found.report, entrant)
        self._note_result(entrant.job, labelled)
        self._receive(entrant.index, Attempt(found.key, labelled, evidence))

    def _note_result(self, job: Job, report: GradeReport) -> None:
        self.judged[job.student, name_entry(job)] = describe_result(report)

    def _tell(self, index: int, report: GradeReport) -> None:
        self.reports[index] = self._slim(report)
        if report.status == "grader_fault":
            self.attention.append(f"{report.submission.student}: not graded, the grader failed: {report.reason}")
        if report.remarks:
            remarks = "; ".join(report.remarks[:MOST_REMARKS])
            self.attention.append(f"{report.submission.student}: worth a look: {remarks}")
        self.tell(report)

    def _slim(self, report: GradeReport) -> GradeReport:
        """Without its tests, and of what many reports have in common only one: ten thousand must fit into memory."""
        share = self.shared.setdefault
        return report.model_copy(
            update={
                "tests": (),
                "assignment": share(report.assignment, report.assignment),
                "environment": share(report.environment, report.environment),
                "seed_commitment": share(report.seed_commitment, report.seed_commitment),
                "todos": tuple(share(todo, todo) for todo in report.todos),
            }
        )

    def _make_fault(self, job: Job, reason: str) -> GradeReport:
        """What is kept where no worker could make a report."""
        blank = [
            TodoResult(id=todo.id, title=todo.title, score=0, max_score=todo.points, status=Verdict.GRADER_FAULT)
            for todo in self.assignment.todos
        ]
        return GradeReport(
            assignment=GradedAssignment(
                name=self.assignment.name,
                title=self.assignment.description.title,
                suite_digest=self.conditions.suite,
            ),
            submission=GradedSubmission(id="", student=job.student, files=(), submitted_at=job.submitted_at),
            status="grader_fault",
            score=0.0,
            max_score=total(todo.max_score for todo in blank),
            todos=tuple(blank),
            tests=(),
            environment=self.conditions.environment,
            seed_commitment="",
            fault=reason,
        )


def grade_class(
    jobs: Sequence[Job], plan: BatchOptions, run: RunFolder, tell: OnReport, *, ignored: Sequence[Ignored] = ()
) -> GradedClass:
    """Grade what is not graded yet. Raises UsageError or GraderFault where the class cannot be graded at all.

    `ignored` is what else lies in the class folder, for the summary.
    """
    assignment = plan.assignment
    run.check_assignment(assignment.name)
    conditions = _read_conditions(assignment, plan)
    with (
        notice_interrupt() as interrupted,
        run.open(),
        open_gradebook(plan.store or locate_gradebook(run.folder)) as store,
        _open_executor(plan) as executor,
    ):
        batch = Batch(
            assignment=assignment,
            conditions=conditions,
            executor=executor,
            run=run,
            store=store,
            tell=tell,
            interrupted=interrupted,
            force=plan.force,
            pending=plan.pending,
            listed=jobs,
            ignored=ignored,
            outline=store.add_outline(_outline(assignment, conditions)) if plan.record else "",
        )
        if plan.pending:
            jobs = [job for job in jobs if store.find_latest(job.student, assignment.name)]
        return batch.grade(jobs)


def _read_conditions(assignment: Assignment, plan: BatchOptions) -> GradingConditions:
    if not plan.dask or plan.wanted_device != "cuda":
        return read_conditions(assignment, plan.isolation, plan.wanted_device)
    # The GPU is not this machine's.
    ask = _import_cluster().ask_environment
    return GradingConditions(digest_suite(assignment), ask(plan.dask, plan.assignment, plan.isolation))


def read_conditions(assignment: Assignment, isolation: str | None, device: str | None = None) -> GradingConditions:
    """What every report is to say about the suite and the environment. Raises IsolationUnavailable."""
    environment = describe_environment(choose_isolation(isolation), choose_device(assignment, device))
    return GradingConditions(digest_suite(assignment), environment)


@contextmanager
def notice_interrupt() -> Iterator[Event]:
    """An event that the first Ctrl-C sets; the second one raises KeyboardInterrupt. In the main thread only."""
    asked = Event()

    def note(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        os.write(2, FINISHING)  # print may have been interrupted itself

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, previous)


def _open_executor(plan: BatchOptions) -> AbstractContextManager[Executor]:
    device, record = plan.wanted_device, plan.record
    if plan.dask:
        cluster = _import_cluster()
        opened: AbstractContextManager[Executor] = cluster.open_cluster(
            plan.dask, plan.assignment, plan.isolation, device=device, record=record
        )
        return opened
    return open_local(plan.assignment, plan.isolation, plan.workers, device=device, record=record)


def _import_cluster() -> ModuleType:
    try:
        from grader.classroom import dask_executor as cluster  # an extra, and slow to import
    except ModuleNotFoundError as error:
        raise UsageError(f"--dask needs Dask ({error}): pip install 'grader[cluster]'") from error
    return cluster


def _outline(assignment: Assignment, conditions: GradingConditions) -> str:
    return fingerprint_suite(
        assignment, conditions.environment, commit_to(Course(assignment.root).load_secret())
    ).dump()
