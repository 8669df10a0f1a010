"""`nbgrader-csv`: grades.csv as `nbgrader export` writes it."""

from collections.abc import Sequence
from pathlib import Path

from grader.grading.scoring import total
from grader.reporting.files import write_table
from grader.reporting.published import PublishedClass
from grader.reporting.safe_text import Cell

_HEADER = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score",
)  # fmt: skip


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one CSV with the students who have a score."""
    rows: list[Sequence[Cell]] = [_HEADER]
    for entry in published.final:
        student, report = entry.student, entry.report
        first, last = split_name(student.name)
        rows.append(
            (
                report.assignment.name,
                None,  # the report knows no due date
                report.submission.submitted_at,
                student.id,
                last,
                first,
                student.email,
                total(todo.score for todo in report.todos),
                report.late_penalty,
                report.score,
                report.max_score,
            )
        )
    write_table(path, rows)
    return ()


def split_name(name: str) -> tuple[str, str]:
    """Return given and family name of `Jane Mary Doe` or `Doe, Jane Mary`; one word is the family name."""
    family, comma, given = name.partition(",")
    if comma:
        return given.strip(), family.strip()
    given, _, family = name.strip().rpartition(" ")
    return given.strip(), family
