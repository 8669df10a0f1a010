"""`canvas-csv`: a file for Canvas's gradebook import.

Canvas finds a student by its own id, then by SIS id, login and name, and an assignment by the number in brackets after
its title: a column without a number becomes a new assignment. A gradebook exported by Canvas can be the roster.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.reporting.files import write_table
from grader.reporting.published import PublishedClass, PublishedReport, list_penalties
from grader.reporting.safe_text import Cell

# `Section` ends the students' columns, and the SIS login must follow the SIS user id.
_HEADER = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one CSV with the students who have a score; Canvas does not change students without a row."""
    # An excused student has no score, and Canvas has a word for it.
    listed = [entry for entry in published.entries if entry.is_final or entry.report.excused]
    known = [entry for entry in listed if entry.on_roster or entry.find_key("canvas").isdigit()]
    # For an existing assignment, a number here would change its points in Canvas.
    points = None if _is_in_canvas(published.column) else published.first.max_score
    rows: list[Sequence[Cell]] = [(*_HEADER, published.column), ("    Points Possible", None, None, None, None, points)]
    write_table(path, [*rows, *(_make_row(entry) for entry in known)])
    unknown = [entry for entry in listed if entry not in known]
    left_out = [f"{e.student.id!r} is left out: not on the roster, no Canvas id; pass --roster" for e in unknown]
    return [*_note_new_column(published.column), *left_out, *list_penalties(published)]


def _make_row(entry: PublishedReport) -> Sequence[Cell]:
    student = entry.student
    sis = student.id if entry.on_roster else ""
    score = "EX" if entry.report.excused else entry.report.score
    return (
        student.name, entry.find_key("canvas"), sis, student.keys.get("login", ""), student.section, score,
    )  # fmt: skip


def _is_in_canvas(column: str) -> bool:
    return re.search(r"\(\d+\)\s*$", column) is not None


def _note_new_column(column: str) -> list[str]:
    if _is_in_canvas(column):
        return []
    return [f"Canvas will create a new assignment {column!r}: to fill an existing one, pass --column 'TITLE (ID)'"]
