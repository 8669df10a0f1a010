"""Grade a whole class: read the submissions, have workers grade them, keep each report as it comes.

A submission that was graded before under the same `CacheKey` is not graded again. So the same command goes on where the
last one ended, however it ended. A report is in the gradebook and on the disk before it is shown.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from types import ModuleType

from grader.classroom.accounting import EntryFate, account_for, summarise_entries
from grader.classroom.attempts import AttemptKeeper, Keeper, OnReport, relabel
from grader.classroom.executor import Executor
from grader.classroom.gradebook import Attempt, Evidence, Gradebook, open_gradebook
from grader.classroom.interrupts import notice_interrupt
from grader.classroom.local_executor import open_local
from grader.classroom.read_ahead import ReadAhead
from grader.classroom.retry import Finished, WorkQueue
from grader.classroom.run_folder import RunFolder
from grader.classroom.selection import EVERYONE, ChosenStudents
from grader.classroom.source import ClassEntry, FreshSource, KnownAttempt, Settled, Source, make_fault, name_path
from grader.grading.cache_key import GradingConditions, read_conditions
from grader.grading.description import describe_environment
from grader.grading.job import Job
from grader.grading.suite_fingerprint import fingerprint_suite
from grader.intake.downloads import Ignored
from grader.model.assignment import Assignment
from grader.model.course import Course, commit_to
from grader.model.devices import choose_device
from grader.model.errors import UsageError
from grader.model.report import Environment, GradedSubmission, GradeReport
from grader.sandbox.jail import choose_isolation


@dataclass(frozen=True)
class BatchOptions:
    """The options for grading a class."""

    assignment: Assignment
    isolation: str
    workers: int
    dask: str | None = None
    gradebook: str | None = None
    force: bool = False
    record: bool = True
    device: str | None = None
    pending: bool = False
    selection: ChosenStudents = EVERYONE

    @property
    def wanted_device(self) -> str | None:
        """Return the device to grade on. Tests that wait for a GPU run on nothing else."""
        return "cuda" if self.pending else self.device

    @property
    def is_partial(self) -> bool:
        """Tell whether some students keep their last result, even if they submitted something new."""
        return self.pending or self.selection.is_partial

    def includes(self, student: str, gradebook: Gradebook) -> bool:
        """Tell whether a student is graded now or has a result to keep."""
        if not self.is_partial or gradebook.find_latest_attempt(student, self.assignment.name):
            return True
        return not self.pending and not self.selection.leaves_out(student, None)


OpenExecutor = Callable[[BatchOptions], AbstractContextManager[Executor]]


@dataclass(frozen=True)
class GradedClass:
    """A class as far as it was graded: reports without their tests, in the order of the jobs, and the students left.

    `kept` is the number of attempts that were graded before. `set_aside` names the students whose reports left the
    class with this batch. `warnings` has a line for each student that staff should look at.
    `entries` says what became of each entry of the class folder.
    """

    reports: list[GradeReport]
    kept: int
    warnings: list[str]
    left: list[str]
    entries: list[EntryFate]
    set_aside: tuple[GradedSubmission, ...] = ()


@dataclass(kw_only=True)
class BatchRun:
    """One class on its way from its source through the workers to the gradebook."""

    source: Source
    queue: WorkQueue
    keeper: Keeper
    force: bool = False
    fingerprint: str = ""

    def grade(self, jobs: Sequence[Job]) -> None:
        """Grade every job, or those in flight at an interrupt."""
        arriving = iter(enumerate(jobs))
        while self._admit(arriving):
            self.settle()

    def expect(self, index: int, job: Job) -> None:
        """Begin to read an entry that is taken soon."""
        self.source.expect(index, job)

    def take(self, index: int, job: Job) -> None:
        """Read an entry. Keep its result where it is known, and have a worker grade it where it is not."""
        outcome = self.source.identify(index, job)
        if isinstance(outcome, KnownAttempt):
            self.keeper.confirm(index, job, outcome.attempt)
        elif isinstance(outcome, Settled):
            self.keeper.add_later(index, job, outcome.attempt)
        else:
            self._look_up(outcome)

    def settle(self, seconds: float | None = None) -> None:
        """Wait for workers, at most so many seconds, and keep the results that are final."""
        for finished in self.queue.collect(seconds):
            self._finish(finished)

    def _admit(self, arriving: Iterator[tuple[int, Job]]) -> bool:
        """Take entries until the workers have enough to do. Tell whether something is in flight."""
        while self.queue.count_room() and not self.queue.interrupted.is_set():
            entry = next(arriving, None)
            if entry is None:
                break
            self.take(*entry)
        return bool(self.queue)

    def _look_up(self, entry: ClassEntry) -> None:
        if entry.warning:
            self.keeper.warnings.append(entry.warning)
        known = None
        if not self.force and entry.key not in self.queue:
            known = self.keeper.gradebook.find_attempt(entry.key, entry.job.student)
        if known is not None:
            evidence = replace(known.evidence, path=name_path(entry.job))
            report = relabel(known.report, entry, self.keeper.assignment)
            self.keeper.confirm(entry.index, entry.job, Attempt(known.key, report, evidence))
            return
        outcome = self.source.prepare(entry)
        if isinstance(outcome, ClassEntry):
            self.queue.submit(outcome)
        elif isinstance(outcome, Settled):
            self.keeper.add_later(entry.index, entry.job, outcome.attempt)
        else:
            self.keeper.warnings.append(outcome.warning)
            self.keeper.publish(entry.index, outcome.report)

    def _finish(self, finished: Finished) -> None:
        for entry in finished.entries:
            evidence = Evidence(name_path(entry.job), finished.recording, self.fingerprint)
            report = relabel(finished.report, entry, self.keeper.assignment)
            self.keeper.add(entry.index, entry.job, Attempt(entry.key, report, evidence))
            if finished.note:
                self.keeper.warnings.append(f"{entry.job.student}: {finished.note}")


def grade_class(
    jobs: Sequence[Job],
    options: BatchOptions,
    run: RunFolder,
    on_report: OnReport,
    *,
    ignored: Sequence[Ignored] = (),
    outside: Collection[str] = (),
    open_executor: OpenExecutor | None = None,
) -> GradedClass:
    """Grade what is not graded yet. Raises UsageError or GraderFault where the class cannot be graded at all.

    `ignored` is what else lies in the class folder, for the summary. `outside` are students who are not on the roster:
    they are graded, and their reports are set aside. `open_executor` opens other workers than those
    that the options ask for.
    """
    run = replace(run, outside=frozenset(outside))
    run.check_assignment(options.assignment.name)
    with (
        notice_interrupt() as interrupted,
        run.open(),
        open_gradebook(options.gradebook or run.gradebook) as gradebook,
        (open_executor or open_workers)(options) as executor,
        # Where some are left out, those are not read at all.
        open_source(options, run, gradebook, () if options.is_partial else jobs) as source,
    ):
        set_aside = run.limit_to({job.student for job in jobs} - run.outside)
        keeper = AttemptKeeper(assignment=options.assignment, run=run, gradebook=gradebook, on_report=on_report)
        batch = open_batch(
            source, executor, keeper, conditions=source.conditions, interrupted=interrupted, force=options.force,
            fingerprint=source.fingerprint,
        )  # fmt: skip
        left = grade_all(batch, keeper, [job for job in jobs if options.includes(job.student, gradebook)])
        done = conclude(batch, keeper, left, account_for(jobs, keeper.judged, ignored))
        return replace(done, set_aside=tuple(set_aside))


def grade_all(batch: BatchRun, keeper: AttemptKeeper, jobs: Sequence[Job]) -> list[str]:
    """Grade jobs, or those in flight at an interrupt. Return the students who are left.

    Of several jobs of a student the best one counts.
    """
    keeper.expect(jobs)
    batch.grade(jobs)
    keeper.flush()
    done = {report.submission.student for report in keeper.reports.values()}
    return [student for student in dict.fromkeys(job.student for job in jobs) if student not in done]


@contextmanager
def open_source(
    options: BatchOptions, run: RunFolder, gradebook: Gradebook, jobs: Sequence[Job]
) -> Iterator[FreshSource]:
    """Give the source of a class's submissions, which reads `jobs` ahead, under the conditions of this machine."""
    assignment = options.assignment
    conditions = read_conditions(assignment, _find_environment(options))
    commitment = commit_to(Course(assignment.root).load_secret())
    fingerprint = ""
    if options.record:
        fingerprint = gradebook.add_fingerprint(
            fingerprint_suite(assignment, conditions.environment, commitment).dump()
        )
    with ReadAhead(jobs, assignment, options.isolation) as read_ahead:
        yield FreshSource(
            assignment=assignment,
            conditions=conditions,
            run=run,
            gradebook=gradebook,
            commitment=commitment,
            read_ahead=read_ahead,
            fingerprint=fingerprint,
            pending=options.pending,
            selection=options.selection,
        )


def open_batch(
    source: Source,
    executor: Executor,
    keeper: Keeper,
    *,
    conditions: GradingConditions,
    interrupted: Event,
    force: bool = False,
    fingerprint: str = "",
) -> BatchRun:
    """Return a batch of a source's work. With `force`, what was graded before is graded again."""
    queue = WorkQueue(
        executor=executor,
        source=source,
        make_fault=partial(make_fault, keeper.assignment, conditions),
        interrupted=interrupted,
    )
    return BatchRun(source=source, queue=queue, keeper=keeper, force=force, fingerprint=fingerprint)


def conclude(
    batch: BatchRun, keeper: AttemptKeeper, left: list[str], entries: list[EntryFate], former_entries: object = None
) -> GradedClass:
    """Write the summary and return the class. Without `entries`, the summary keeps the `former_entries`."""
    reports = [keeper.reports[index] for index in sorted(keeper.reports)]
    reports = [report for report in reports if report.submission.student not in keeper.run.outside]
    keeper.warnings += batch.source.list_warnings()
    waiting = sum(report.status == "pending" for report in reports)
    if waiting:
        keeper.warnings.append(f"{waiting} wait for a GPU: run this again with --pending on a machine that has one")
    keeper.run.write_summary(reports, left, summarise_entries(entries) if entries else former_entries)
    return GradedClass(reports, keeper.kept, keeper.warnings, left, entries)


def open_workers(options: BatchOptions) -> AbstractContextManager[Executor]:
    """Open the workers that the options ask for: on this machine, or those of a Dask scheduler."""
    device, record = options.wanted_device, options.record
    if options.dask:
        opened: AbstractContextManager[Executor] = _import_dask_executor().open_cluster(
            options.dask, options.assignment, options.isolation, device=device, record=record
        )
        return opened
    return open_local(options.assignment, options.isolation, options.workers, device=device, record=record)


def find_environment(assignment: Assignment, isolation: str | None, device: str | None = None) -> Environment:
    """Return the environment that this machine grades in. Raises IsolationUnavailable."""
    return describe_environment(choose_isolation(isolation), choose_device(assignment, device))


def _find_environment(options: BatchOptions) -> Environment:
    if not options.dask or options.wanted_device != "cuda":
        return find_environment(options.assignment, options.isolation, options.wanted_device)
    # The GPU is on another machine.
    environment: Environment = _import_dask_executor().ask_environment(
        options.dask, options.assignment, options.isolation
    )
    return environment


def _import_dask_executor() -> ModuleType:
    try:
        from grader.classroom import dask_executor  # an extra, and slow to import
    except ModuleNotFoundError as error:
        raise UsageError(f"--dask needs Dask ({error}): pip install 'grader[cluster]'") from error
    return dask_executor
