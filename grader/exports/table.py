"""`csv`: one row a student, one column a TODO, for a spreadsheet.

Students without a final score have a row with their status and an empty score.
"""

from collections.abc import Sequence
from pathlib import Path

from grader.reporting.files import write_table
from grader.reporting.published import PublishedClass
from grader.reporting.safe_text import Cell

_HEADER = ("student", "name", "email", "section", "status", "score", "max_score", "late_penalty")


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one CSV with every student."""
    todos = [todo.id for todo in published.first.todos]
    rows: list[Sequence[Cell]] = [[*_HEADER, *todos]]
    for entry in published.entries:
        student, report = entry.student, entry.report
        points = {todo.id: todo.score for todo in report.todos} if entry.is_final else {}
        rows.append(
            [
                student.id,
                student.name,
                student.email,
                student.section,
                report.status,
                report.score if entry.is_final else None,
                report.max_score,
                report.late_penalty,
                *(points.get(todo) for todo in todos),
            ]
        )
    write_table(path, rows)
    return ()
