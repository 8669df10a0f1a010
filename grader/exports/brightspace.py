"""`brightspace-csv`: a file for Brightspace's grade import.

Brightspace finds a student by OrgDefinedId or Username, which only a roster knows, and a grade item by its name.
"""

from collections.abc import Sequence
from pathlib import Path

from grader.reporting.files import write_table
from grader.reporting.published import PublishedClass, list_penalties
from grader.reporting.safe_text import Cell

_END = "End-of-Line Indicator"


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one CSV with the students who have a score and are on the roster."""
    known = [entry for entry in published.final if entry.on_roster]
    # Brightspace would look up an empty name as a name: write the column for all students or not at all.
    with_names = bool(known) and all(entry.student.keys.get("login") for entry in known)
    rows: list[list[Cell]] = [["OrgDefinedId", *["Username"] * with_names, f"{published.column} Points Grade", _END]]
    for entry in known:
        names = [entry.student.keys["login"]] if with_names else []
        rows.append([entry.student.id, *names, entry.report.score, "#"])
    write_table(path, rows)
    unknown = [entry.student.id for entry in published.final if not entry.on_roster]
    left_out = [f"{name!r} is left out: not on the roster, so no OrgDefinedId; pass --roster" for name in unknown]
    return [*left_out, *list_penalties(published)]
