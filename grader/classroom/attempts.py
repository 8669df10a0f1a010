"""Keep the attempts of a class as they come, and choose the one of each student that counts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from grader.classroom.accounting import Judged, describe_result, name_entry
from grader.classroom.adjustments import Adjustment, apply_adjustments, find_changed_bases
from grader.classroom.gradebook import Attempt, Gradebook
from grader.classroom.run_folder import RunFolder
from grader.classroom.source import ClassEntry
from grader.grading.job import Job
from grader.grading.scoring import charge_lateness
from grader.model.assignment import Assignment
from grader.model.report import GradeReport

# Attempts that needed no worker are kept so many at a time: a disk takes as long to keep one.
TOGETHER = 100

OnReport = Callable[[GradeReport], None]


class Keeper(Protocol):
    """Keeps the results of a class's entries as they come."""

    assignment: Assignment
    gradebook: Gradebook
    warnings: list[str]

    def add(self, index: int, job: Job, attempt: Attempt) -> None:
        """Keep a new attempt."""

    def add_later(self, index: int, job: Job, attempt: Attempt) -> None:
        """Keep a new attempt, perhaps together with others."""

    def confirm(self, index: int, job: Job, attempt: Attempt) -> None:
        """Take an attempt that was graded before."""

    def publish(self, index: int, graded: GradeReport) -> None:
        """Pass on a report that stays as it is."""


def relabel(report: GradeReport, entry: ClassEntry, assignment: Assignment) -> GradeReport:
    """Return the result for an entry with the same code: under its own label, and with its own late penalty."""
    return charge_lateness(report.model_copy(update={"submission": entry.label}), assignment.description.late)


@dataclass(kw_only=True)
class AttemptKeeper:
    """Puts attempts into the gradebook and reports into the run's folder, and only then calls `on_report`."""

    assignment: Assignment
    run: RunFolder
    gradebook: Gradebook
    on_report: OnReport
    reports: dict[int, GradeReport] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    judged: dict[tuple[str, str], Judged] = field(default_factory=dict)
    kept: int = 0
    _adjustments: Mapping[str, Sequence[Adjustment]] = field(default_factory=dict)
    _submitted: Counter[str] = field(default_factory=Counter)
    _results: dict[str, dict[int, Attempt]] = field(default_factory=lambda: defaultdict(dict))
    _together: dict[int, Attempt] = field(default_factory=dict)
    _shared: dict[Any, Any] = field(default_factory=dict)

    def expect(self, jobs: Sequence[Job]) -> None:
        """Note how many attempts each student has, and what staff adjusted."""
        self._adjustments = self.gradebook.list_adjustments(self.assignment.name)
        self._submitted = Counter(job.student for job in jobs)

    def add(self, index: int, job: Job, attempt: Attempt) -> None:
        """Keep a new attempt, and the report of a student who has no other."""
        self._note_result(job, attempt)
        if self._submitted[attempt.report.submission.student] > 1:
            self.gradebook.add_all([attempt])
            self._choose(index, attempt)
            return
        with self.run.stage_report(self.adjust(attempt.report)):
            self.gradebook.add_all([attempt])
        self.publish(index, attempt.report)

    def add_later(self, index: int, job: Job, attempt: Attempt) -> None:
        """Keep a new attempt together with others."""
        if self._submitted[attempt.report.submission.student] > 1:
            self.add(index, job, attempt)
            return
        self._note_result(job, attempt)
        self._together[index] = attempt
        if len(self._together) >= TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Keep the attempts that wait for others."""
        kept, self._together = self._together, {}
        if not kept:
            return
        with self.run.stage_reports([self.adjust(attempt.report) for attempt in kept.values()]):
            self.gradebook.add_all(list(kept.values()))
        for index, attempt in kept.items():
            self.publish(index, attempt.report)

    def confirm(self, index: int, job: Job, attempt: Attempt) -> None:
        """Take an attempt that was graded before, perhaps for another student or before the last attempt."""
        self.kept += 1
        self._note_result(job, attempt)
        self._choose(index, attempt)

    def adjust(self, report: GradeReport) -> GradeReport:
        """Return the report to publish: with the student's adjustments. The gradebook keeps the graded one."""
        return apply_adjustments(report, self._adjustments.get(report.submission.student, ()))

    def publish(self, index: int, graded: GradeReport) -> None:
        """Call `on_report` with a report that counts, and note what the staff should know of it."""
        self.warnings += find_changed_bases(graded, self._adjustments.get(graded.submission.student, ()))
        report = self.adjust(graded)
        # Without tests and code, and with equal parts shared: ten thousand reports must fit into memory.
        share = self._shared.setdefault
        self.reports[index] = report.model_copy(
            update={
                "tests": (),
                "code": (),
                "assignment": share(report.assignment, report.assignment),
                "environment": share(report.environment, report.environment),
                "seed_commitment": share(report.seed_commitment, report.seed_commitment),
                "todos": tuple(share(todo, todo) for todo in report.todos),
            }
        )
        if report.status == "grader_fault":
            self.warnings.append(f"{report.submission.student}: not graded, the grader failed: {report.reason}")
        if report.remarks:
            remarks = "; ".join(report.remarks)
            self.warnings.append(f"{report.submission.student}: worth a look: {remarks}")
        self.on_report(report)

    def _note_result(self, job: Job, attempt: Attempt) -> None:
        self.judged[job.student, name_entry(job)] = describe_result(attempt.report)

    def _choose(self, index: int, attempt: Attempt) -> None:
        """Once all attempts of a student have results, put the best one last in the gradebook."""
        student = attempt.report.submission.student
        results = self._results[student]
        results[index] = attempt
        if len(results) < self._submitted[student]:
            return
        del self._results[student]
        best = max(results, key=lambda index: (not results[index].report.fault, results[index].report.score, index))
        faults = sum(bool(result.report.fault) for result in results.values())
        if faults and len(results) > 1:
            self.warnings.append(f"{student}: {faults} of {len(results)} attempts not graded, the grader failed")
        report = results[best].report
        latest = self.gradebook.find_latest_attempt(student, self.assignment.name)
        if latest is None or latest.report != report:
            with self.run.stage_report(self.adjust(report)):
                self.gradebook.add_all([results[best]])
        elif not self.run.holds(self.adjust(report)):
            with self.run.stage_report(self.adjust(report)):
                pass
        self.publish(best, report)
