"""`canvas-csv`: a file for Canvas's gradebook import.

Listed in `exports`. Canvas looks a student up by its own id, then by SIS id, login and name, and an assignment by the
number in brackets behind its title: a column without one becomes a new assignment. A gradebook that Canvas exported
serves as the roster.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.reporting.files import write_table
from grader.reporting.published import PublishedClass, PublishedReport, list_penalties
from grader.reporting.table import Cell

# `Section` ends the students' columns, and the SIS login must follow the SIS user id.
_HEADER = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def write(gradebook: PublishedClass, path: Path) -> Sequence[str]:
    """Write one CSV with the students who have a score; a row that is not there changes nothing in Canvas."""
    known = [entry for entry in gradebook.final if entry.on_roster or entry.find_key("canvas").isdigit()]
    # The points of an assignment that Canvas has are Canvas's own: a number here would change them.
    points = None if _is_in_canvas(gradebook.column) else gradebook.first.max_score
    rows: list[Sequence[Cell]] = [(*_HEADER, gradebook.column), ("    Points Possible", None, None, None, None, points)]
    write_table(path, [*rows, *(_make_row(entry) for entry in known)])
    unknown = [entry for entry in gradebook.final if entry not in known]
    return [*_tell_column(gradebook.column), *_tell_unknown(unknown), *list_penalties(gradebook)]


def _make_row(entry: PublishedReport) -> Sequence[Cell]:
    student = entry.student
    sis = student.id if entry.on_roster else ""
    return (
        student.name, entry.find_key("canvas"), sis, student.keys.get("login", ""), student.section, entry.report.score,
    )  # fmt: skip


def _is_in_canvas(column: str) -> bool:
    return re.search(r"\(\d+\)\s*$", column) is not None


def _tell_column(column: str) -> list[str]:
    if _is_in_canvas(column):
        return []
    return [f"Canvas will make a new assignment of {column!r}: to fill an existing one pass --column 'TITLE (ID)'"]


def _tell_unknown(entries: Sequence[PublishedReport]) -> list[str]:
    return [f"{entry.student.id!r} is left out: on no roster, and no Canvas id; pass --roster" for entry in entries]
