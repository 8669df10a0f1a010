"""`moodle-csv`: the offline grading worksheet that Moodle gave out, with grades and feedback filled in.

Moodle finds a row by its Identifier and ignores it if the student was graded since: every other column goes back
unchanged. The titles of the columns are those of Moodle in English; Moodle must be set to English for the import too.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

from grader.intake.roster import list_name_forms, read_table, squeeze
from grader.model.errors import UsageError
from grader.reporting.feedback import describe_report
from grader.reporting.files import write_table
from grader.reporting.published import PublishedClass, PublishedReport
from grader.reporting.safe_text import format_points

_NEEDED = ("Identifier", "Grade", "Last modified (grade)")
_IDENTITIES = ("Email address", "ID number", "Username")
_PARTICIPANT = "Participant "


@dataclass(frozen=True)
class Worksheet:
    """The rows of a worksheet under its header; `participants` gives each row by its participant's number."""

    header: tuple[str, ...]
    participants: Mapping[str, tuple[str, ...]]

    def read(self, row: Sequence[str], title: str) -> str:
        """Return a row's cell under that title; nothing without such a column."""
        return row[self.header.index(title)] if title in self.header else ""

    def find_participant(self, entry: PublishedReport) -> str:
        """Return the student's number in this assignment, or nothing if it is not certain."""
        student = entry.student
        number = entry.find_key("moodle")
        if number in self.participants:
            return number
        keys = [key.casefold() for key in (student.email, student.id, student.keys.get("login")) if key]
        claims = [self._by_key[key] for key in [*keys, squeeze(student.name)] if key in self._by_key]
        return next((numbers[0] for numbers in claims if len(numbers) == 1), "")

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for number, row in self.participants.items():
            keys = {self.read(row, title).casefold() for title in _IDENTITIES}
            for key in (keys | list_name_forms(self.read(row, "Full name"))) - {""}:
                found[key].append(number)
        return dict(found)


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write the worksheet; rows of students without a score stay as they are. Raises UsageError without a worksheet."""
    if published.options.worksheet is None:
        raise UsageError("moodle-csv fills in a worksheet: download it in Moodle (grading action) and pass --worksheet")
    worksheet = read_worksheet(published.options.worksheet)
    rows = dict(worksheet.participants)
    notes = []
    for entry, number in match_participants(published.final, worksheet):
        if not number:
            notes.append(f"{entry.student.id!r} is left out: no row of the worksheet is certain; pass --roster")
            continue
        # Moodle ignores a grade above the assignment's own maximum.
        own = entry.report.max_score
        best = _read_number(worksheet.read(rows[number], "Maximum grade")) or own
        if best != own:
            notes.append(f"points were scaled from {own:g} to {best:g}, the maximum in the worksheet")
        points = entry.report.score if best == own else entry.report.score * best / own
        text = escape(describe_report(entry.report, entry.language)).replace("\n", "<br>")
        filled = {"Grade": format_points(points), "Feedback comments": f"<p>{text}</p>"}
        cells = zip(worksheet.header, rows[number], strict=True)
        rows[number] = tuple(filled.get(title, cell) for title, cell in cells)
    write_table(path, [worksheet.header, *rows.values()])
    return list(dict.fromkeys(notes))


def match_participants(entries: Sequence[PublishedReport], worksheet: Worksheet) -> list[tuple[PublishedReport, str]]:
    """Return each entry with its participant's number; a number that two students claim goes to neither."""
    numbers = [worksheet.find_participant(entry) for entry in entries]
    claims = Counter(numbers)
    return [(entry, number if claims[number] == 1 else "") for entry, number in zip(entries, numbers, strict=True)]


def read_worksheet(path: Path) -> Worksheet:
    """Read a grading worksheet. Raises UsageError if the file is something else."""
    rows = [row for row in read_table(path, "Moodle's offline grading worksheet") if any(row)]
    header = tuple(title.strip() for title in rows[0]) if rows else ()
    missing = [title for title in _NEEDED if title not in header]
    if missing:
        hint = "download it with Moodle set to English"
        raise UsageError(f"{path.name} is not a grading worksheet: it has no column {missing[0]!r}; {hint}")
    key = header.index("Identifier")
    # Make every row as wide as the header: Moodle refuses a ragged file.
    whole = [tuple([*row, *[""] * len(header)][: len(header)]) for row in rows[1:]]
    return Worksheet(header, {row[key].removeprefix(_PARTICIPANT).strip(): row for row in whole})


def _read_number(text: str) -> float | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None
