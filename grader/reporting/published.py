"""A run's reports as their students may see them, each beside its student: what every export and push works on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from grader.intake.roster import Roster, Student
from grader.model.errors import UsageError
from grader.model.languages import choose_language
from grader.model.report import GradeReport
from grader.model.verdict import Language
from grader.reporting.progress import AttemptPoints
from grader.reporting.redaction import redact


@dataclass(frozen=True)
class ExportOptions:
    """Settings of an export.

    `worksheet` is the CSV that the system gave out to be filled in, `column` the assignment's title in its gradebook,
    `released` whether `after_due` tests may be shown, `moment` the time at which the scores were given. `language` is
    None where each student's own counts, as the roster has it.
    """

    roster: Roster = field(default_factory=lambda: Roster(()))
    worksheet: Path | None = None
    column: str = ""
    released: bool = False
    language: Language | None = None
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class PublishedReport:
    """One student's redacted report. The id of a student who is not on the roster is the submission's label."""

    student: Student
    report: GradeReport
    on_roster: bool
    language: Language
    attempts: tuple[AttemptPoints, ...] = ()

    @property
    def is_final(self) -> bool:
        """Tell whether there is a score to pass on; a pending report or a grader fault is not a zero."""
        return self.report.status == "graded" and not self.report.excused and not self.report.held

    def find_key(self, system: str) -> str:
        """Return the student's id in that system; off the roster the label, which the download took from there."""
        return self.student.keys.get(system) or ("" if self.on_roster else self.student.id)


@dataclass(frozen=True)
class PublishedClass:
    """The redacted reports of a class, sorted by student. `strangers` have a report and are not on the roster."""

    entries: tuple[PublishedReport, ...]
    options: ExportOptions
    strangers: tuple[str, ...] = ()

    @property
    def final(self) -> tuple[PublishedReport, ...]:
        """Return the reports with a score."""
        return tuple(entry for entry in self.entries if entry.is_final)

    @property
    def first(self) -> GradeReport:
        """Return one report, to read what is the same in all of them."""
        return self.entries[0].report

    @property
    def language(self) -> Language:
        """Return the language of what is written for staff."""
        return choose_language(self.options.language or "")

    @property
    def column(self) -> str:
        """Return the assignment's title in the other system's gradebook."""
        return self.options.column or self.first.assignment.title


def list_penalties(published: PublishedClass) -> list[str]:
    """Return a note for each score that a late penalty has lowered, for a format that has no room for it."""
    late = [(entry.student.id, entry.report.late_penalty) for entry in published.final if entry.report.late_penalty]
    return [f"the score of {student!r} is less a late penalty of {penalty:g}" for student, penalty in late]


def list_left_out(published: PublishedClass) -> list[str]:
    """Return a note for each student who has no score to pass on, or is not on the roster."""
    missing = [entry for entry in published.entries if not entry.is_final]
    return [
        *(
            f"{student!r} is left out: not on the roster; add the student there if this is wrong"
            for student in published.strangers
        ),
        *(f"{entry.student.id!r} {_explain_missing_score(entry.report)}" for entry in missing),
    ]


def _explain_missing_score(report: GradeReport) -> str:
    if report.excused:
        return "is excused by staff: there is no score"
    if report.held:
        return "is held by staff: `grader adjust RUN STUDENT --undo N` lets the score go"
    reasons = {"grader_fault": "the grader itself failed", "pending": "some tests have not run yet"}
    return f"has no score yet: {reasons[report.status]}; grade that submission again"


def list_missing_penalties(published: PublishedClass) -> list[str]:
    """Return a note for each late penalty, for a format that holds only the points of tests."""
    penalised = [entry.student.id for entry in published.final if entry.report.late_penalty]
    return [f"the late penalty of {student!r} is not in the file: set it in that system" for student in penalised]


def open_published_class(
    reports: Sequence[GradeReport],
    options: ExportOptions,
    attempts: Mapping[str, Sequence[AttemptPoints]] | None = None,
) -> PublishedClass:
    """Redact every report and put it beside its student. With a roster, reports of others are left out.

    `attempts` has the points of all attempts by the label of the reports.

    Raises UsageError if two reports are of one student, or none is of the roster.
    """
    names = sorted({report.assignment.name for report in reports})
    if len(names) != 1:
        raise UsageError(f"reports of {', '.join(names) or 'no assignment'} in one run: export one at a time")
    entries: dict[str, PublishedReport] = {}
    strangers = []
    for report in reports:
        label = report.submission.student
        found = options.roster.find(keys=[label], name=label)
        if found is None and options.roster.students:
            strangers.append(label)
            continue
        student = found or Student(id=label, name=report.submission.name)
        if former := entries.get(student.id):
            raise UsageError(
                f"two reports for student {student.id!r}, labelled {former.report.submission.student!r} and {label!r}: "
                "remove one of them from the run's reports, so that the right one is sent"
            )
        entries[student.id] = PublishedReport(
            student,
            redact(report, released=options.released),
            found is not None,
            choose_language(options.language or "", roster=student.language),
            tuple((attempts or {}).get(label, ())),
        )
    if not entries:
        raise UsageError(f"none of the {len(strangers)} reports is of a student of the roster: check its ids")
    return PublishedClass(tuple(entry for _, entry in sorted(entries.items())), options, tuple(strangers))
