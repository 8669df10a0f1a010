"""A class that grows: submissions come one by one, and each is graded as `batch` grades it.

What is different from a batch: the RUN folder is locked only for the moments in which a result is kept, so that `grader
adjust` works beside a running service; and the attempt that counts is chosen again with every result.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from grader.classroom.adjustments import apply_adjustments
from grader.classroom.batch import BatchOptions, BatchRun, OpenExecutor, open_batch, open_source, open_workers
from grader.classroom.gradebook import Attempt, Gradebook, open_gradebook
from grader.classroom.run_folder import RunFolder
from grader.grading.job import Job
from grader.model.assignment import Assignment
from grader.model.report import GradeReport

# Another command may be writing to the run.
PATIENCE = 60.0

# Called with the number of a submission and its graded report, once that is kept.
OnResult = Callable[[int, GradeReport], None]


@dataclass(kw_only=True)
class LiveKeeper:
    """Keeps each result with the report that counts, and only then calls `on_result`."""

    assignment: Assignment
    run: RunFolder
    gradebook: Gradebook
    on_result: OnResult
    warnings: list[str] = field(default_factory=list)

    def add(self, index: int, job: Job, attempt: Attempt) -> None:
        """Keep a new attempt."""
        self._keep(attempt, is_new=True)
        self.on_result(index, attempt.report)

    def add_later(self, index: int, job: Job, attempt: Attempt) -> None:
        """Keep a new attempt at once: its student is waiting."""
        self.add(index, job, attempt)

    def confirm(self, index: int, job: Job, attempt: Attempt) -> None:
        """Keep an attempt with a known result, unless exactly this one is kept already."""
        self._keep(attempt, is_new=False)
        self.on_result(index, attempt.report)

    def publish(self, index: int, graded: GradeReport) -> None:
        """Pass on a report that stays as it is."""
        self.on_result(index, graded)

    def _keep(self, attempt: Attempt, *, is_new: bool) -> None:
        student, name = attempt.report.submission.student, self.assignment.name
        with self.run.lock(PATIENCE):
            former = self.gradebook.find_latest_attempt(student, name)
            if not is_new:
                known = self.gradebook.find_result(student, name, Path(attempt.evidence.path))
                is_new = known is None or known.report != attempt.report
            counting = choose_counting([attempt, *self._list_rivals(attempt, former)], self.assignment)
            rows = [attempt] if is_new else []
            # The last row of a student is the one that counts.
            latest = attempt if is_new else former
            if latest is None or latest.report != counting.report:
                rows.append(counting)
            adjustments = self.gradebook.list_adjustments(name, student).get(student, ())
            with self.run.stage_report(apply_adjustments(counting.report, adjustments)):
                if rows:
                    self.gradebook.add_all(rows)

    def _list_rivals(self, attempt: Attempt, former: Attempt | None) -> list[Attempt]:
        """Return the other attempts that may count: the one that does, or all, where this is the one that did."""
        if former is None or former.evidence.path != attempt.evidence.path:
            return [former] if former else []
        if former.report == attempt.report:
            return []
        everything = self.gradebook.list_results(attempt.report.submission.student, self.assignment.name)
        return [each for each in everything if each.evidence.path != attempt.evidence.path]


def choose_counting(attempts: Sequence[Attempt], assignment: Assignment) -> Attempt:
    """Return the attempt that counts: the last, or the best under that policy. A fault never beats a result."""

    def rank(attempt: Attempt) -> tuple[bool, float, datetime]:
        report, moment = attempt.report, attempt.report.submission.submitted_at
        at = datetime.fromisoformat(moment) if moment else datetime.min
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        is_best = assignment.description.attempt == "best"
        return report.status != "grader_fault", report.score if is_best else 0.0, at

    return max(attempts, key=rank)


@contextmanager
def open_live_class(
    options: BatchOptions, run: RunFolder, on_result: OnResult, open_executor: OpenExecutor | None = None
) -> Iterator[BatchRun]:
    """Give a batch that takes submissions as they come. Raises UsageError or GraderFault where it cannot grade."""
    run.check_assignment(options.assignment.name)
    with (
        open_gradebook_of(run, options.gradebook) as gradebook,
        (open_executor or open_workers)(options) as executor,
        open_source(options, run, gradebook, ()) as source,
    ):
        keeper = LiveKeeper(assignment=options.assignment, run=run, gradebook=gradebook, on_result=on_result)
        yield open_batch(
            source, executor, keeper, conditions=source.conditions, interrupted=Event(),
            fingerprint=source.fingerprint,
        )  # fmt: skip


def open_gradebook_of(run: RunFolder, store: str | None) -> Gradebook:
    """Open a run's gradebook, in its folder or in the database `store`; the folder is made where it is not there."""
    run.reports.mkdir(parents=True, exist_ok=True)
    return open_gradebook(store or run.gradebook)
