"""What is exported: a run's reports as their students may see them, each beside its student.

Made by `exports.export_run`, read by every format. No format ever holds an unredacted report.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from grader.intake.roster import Roster, Student
from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.model.verdict import Language
from grader.reporting.redaction import redact


@dataclass(frozen=True)
class ExportOptions:
    """What an export may be told besides what it exports.

    `worksheet` is the CSV that the system gave out to be filled in, `column` the gradebook's name of the assignment,
    `released` whether `after_due` tests may be shown, `moment` when the scores are said to have been given.
    """

    roster: Roster = field(default_factory=lambda: Roster(()))
    worksheet: Path | None = None
    column: str = ""
    released: bool = False
    language: Language = "en"
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class PublishedReport:
    """One student's redacted report. Off the roster, the student's id is what the submission was labelled with."""

    student: Student
    report: GradeReport
    on_roster: bool

    @property
    def is_final(self) -> bool:
        """Whether there is a score to hand on: what is pending, or the grader's own fault, is never a zero."""
        return self.report.status == "graded"

    def find_key(self, system: str) -> str:
        """The student's id in that system; off the roster the label, which is the id that the download gave."""
        return self.student.keys.get(system) or ("" if self.on_roster else self.student.id)


@dataclass(frozen=True)
class PublishedClass:
    """A class, by student."""

    entries: tuple[PublishedReport, ...]
    options: ExportOptions

    @property
    def final(self) -> tuple[PublishedReport, ...]:
        """Those that have a score."""
        return tuple(entry for entry in self.entries if entry.is_final)

    @property
    def first(self) -> GradeReport:
        """Any report: what is the same for all of them."""
        return self.entries[0].report

    @property
    def column(self) -> str:
        """What the assignment is called in the other system's gradebook."""
        return self.options.column or self.first.assignment.title


def list_penalties(gradebook: PublishedClass) -> list[str]:
    """Return a note for each score that a late penalty has lowered, where a format has no room to say so."""
    late = [(entry.student.id, entry.report.late_penalty) for entry in gradebook.final if entry.report.late_penalty]
    return [f"the score of {student!r} is less a late penalty of {penalty:g}" for student, penalty in late]


def tell_penalties(gradebook: PublishedClass) -> list[str]:
    """A note for each late penalty, where a format holds nothing but the tests' own points."""
    penalised = [entry.student.id for entry in gradebook.final if entry.report.late_penalty]
    return [f"the late penalty of {student!r} is not in the file: set it in that system" for student in penalised]


def open_published_class(reports: Sequence[GradeReport], options: ExportOptions) -> PublishedClass:
    """Redact every report and put it beside its student. Raises UsageError where that is ambiguous."""
    names = sorted({report.assignment.name for report in reports})
    if len(names) != 1:
        raise UsageError(f"reports of {', '.join(names) or 'no assignment'} in one run: export one at a time")
    entries = [_make_entry(report, options) for report in reports]
    _refuse_doubles(entries)
    return PublishedClass(tuple(sorted(entries, key=lambda entry: entry.student.id)), options)


def _make_entry(report: GradeReport, options: ExportOptions) -> PublishedReport:
    label = report.submission.student
    student = options.roster.find(keys=[label], name=label)
    return PublishedReport(student or Student(id=label), redact(report, released=options.released), student is not None)


def _refuse_doubles(entries: Sequence[PublishedReport]) -> None:
    labels: dict[str, str] = {}
    for entry in entries:
        student, label = entry.student.id, entry.report.submission.student
        if student in labels:
            raise UsageError(
                f"two reports for student {student!r}, labelled {labels[student]!r} and {label!r}: "
                "remove one of them from the run's reports, so that the right one is sent"
            )
        labels[student] = label
