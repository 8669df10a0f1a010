"""Moodle's download: `Jane Doe_12345_assignsubmission_file/...`, or flat, `..._assignsubmission_file_attention.py`.

The number is the participant's in this assignment. Where the offline grading worksheet lies beside, it says when each
was handed in, and by whom.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from grader.intake.downloads.layout import Find, Layout, are_most
from grader.intake.entries import read_name
from grader.intake.roster import read_table

_NAME = re.compile(
    r"(?P<name>[^_/]*)_(?P<participant>\d+)_assignsubmission_(?P<plugin>[a-z]+)_?(?P<file>.*)", re.DOTALL
)
_TIMES = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%A, %B %d, %Y, %I:%M %p", "%d/%m/%y, %H:%M")


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Whether most entries are named as Moodle names them."""
    return are_most(sum(1 for path in items if _parse(path)), items)


def find(folder: Path, items: Sequence[Path]) -> list[Find]:
    """One find for each folder or flat file; text typed online counts only where no file was handed in."""
    worksheet = _read_worksheet(items)
    matches = [(path, match) for path in items if (match := _parse(path))]
    with_files = {match["participant"] for _, match in matches if match["plugin"] == "file"}
    return [
        _make_find(path, match, worksheet.get(match["participant"], {}))
        for path, match in matches
        if match["plugin"] == "file" or match["participant"] not in with_files
    ]


def _parse(path: Path) -> re.Match[str] | None:
    return _NAME.fullmatch(read_name(path.name))


def _make_find(path: Path, match: re.Match[str], row: dict[str, str]) -> Find:
    return Find(
        path,
        keys=tuple(key for key in (match["participant"], row.get("Email address"), row.get("ID number")) if key),
        name=match["name"],
        file_name=match["file"],
        submitted_at=_read_time(row.get("Last modified (submission)", "")),
    )


def _read_worksheet(items: Sequence[Path]) -> dict[str, dict[str, str]]:
    for path in items:
        if path.suffix.lower() == ".csv" and path.is_file() and not _parse(path):
            header, *rows = read_table(path, "Moodle's grading worksheet, or take the file away") or [[]]
            named = [dict(zip(header, row, strict=False)) for row in rows if any(row)]
            if "Identifier" in header:
                return {row["Identifier"].removeprefix("Participant "): row for row in named if "Identifier" in row}
    return {}


def _read_time(text: str) -> str | None:
    # Written in the language of whoever downloaded it; what is not understood is left open.
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).isoformat()
        except ValueError:
            continue
    return None


LAYOUT = Layout("moodle", recognise, find)
