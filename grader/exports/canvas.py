"""`canvas-csv`: a file for Canvas's gradebook import.

Canvas finds a student by its own id, then by SIS id, login and name, and an assignment by the number in brackets after
its title: a column without a number becomes a new assignment. A gradebook exported by Canvas can be the roster.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.reporting.files import write_table
from grader.reporting.published import PublishedClass, list_penalties
from grader.reporting.safe_text import Cell

# `Section` ends the students' columns, and the SIS login must follow the SIS user id.
_HEADER = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one CSV with the students who have a score; Canvas does not change students without a row."""
    # An excused student has no score, and Canvas has a word for it.
    listed = [entry for entry in published.entries if entry.is_final or entry.report.excused]
    known = [entry for entry in listed if entry.on_roster or entry.find_key("canvas").isdigit()]
    notes = [
        f"{entry.student.id!r} is left out: not on the roster, no Canvas id; pass --roster"
        for entry in listed
        if entry not in known
    ]
    points = None  # for an existing assignment, a number here would change its points in Canvas
    if not re.search(r"\(\d+\)\s*$", published.column):
        points = published.first.max_score
        new = f"Canvas will create a new assignment {published.column!r}"
        notes.insert(0, f"{new}: to fill an existing one, pass --column 'TITLE (ID)'")
    rows: list[Sequence[Cell]] = [(*_HEADER, published.column), ("    Points Possible", None, None, None, None, points)]
    for entry in known:
        student = entry.student
        sis = student.id if entry.on_roster else ""
        score = "EX" if entry.report.excused else entry.report.score
        rows.append(
            (student.name, entry.find_key("canvas"), sis, student.keys.get("login", ""), student.section, score)
        )
    write_table(path, rows)
    return [*notes, *list_penalties(published)]
