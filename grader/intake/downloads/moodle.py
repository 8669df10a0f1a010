"""Moodle's download: `Jane Doe_12345_assignsubmission_file/...`, or flat, `..._assignsubmission_file_attention.py`.

The number is the participant's in this assignment. Where the offline grading worksheet lies beside, it says when each
was handed in, and who did so.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.intake.downloads.dates import read_date
from grader.intake.downloads.layout import Aside, Find, Layout, are_most
from grader.intake.entries import read_name
from grader.intake.roster import read_table

_NAME = re.compile(
    r"(?P<name>[^_/]*)_(?P<participant>\d+)_assignsubmission_(?P<plugin>[a-z]+)_?(?P<file>.*)", re.DOTALL
)
_SHORT_TIME = re.compile(r"(\d\d)/(\d\d)/(\d\d), (\d\d:\d\d)")


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Return whether most entries are named as Moodle names them."""
    return are_most(sum(1 for path in items if _parse(path)), items)


def find(folder: Path, items: Sequence[Path]) -> list[Find | Aside]:
    """Return each folder or flat file; text typed online counts only where no file was handed in."""
    sheet, rows = _read_worksheet(items)
    matches = [(path, match) for path in items if (match := _parse(path))]
    with_files = {match["participant"] for _, match in matches if match["plugin"] == "file"}
    found: list[Find | Aside] = [Aside(sheet, "Moodle's grading worksheet")] if sheet else []
    for path, match in matches:
        if match["plugin"] != "file" and match["participant"] in with_files:
            found.append(Aside(path, "text typed online by a student who also handed in a file"))
            continue
        row = rows.get(match["participant"], {})
        time = row.get("Last modified (submission)", "")
        # `10/10/25, 10:22` is what a short format of Moodle's gives, with the day first.
        if short := _SHORT_TIME.fullmatch(time.strip()):
            time = f"20{short[3]}-{short[2]}-{short[1]} {short[4]}"
        made = Find(
            path,
            keys=(match["participant"],),
            shared=tuple(key for key in (row.get("Email address"), row.get("ID number")) if key),
            name=match["name"],
            file_name=match["file"],
            submitted_at=read_date(time),
        )
        found.append(made)
    return found


def _parse(path: Path) -> re.Match[str] | None:
    return _NAME.fullmatch(read_name(path.name))


def _read_worksheet(items: Sequence[Path]) -> tuple[Path | None, dict[str, dict[str, str]]]:
    for path in items:
        if path.suffix.lower() == ".csv" and path.is_file() and not _parse(path):
            header, *rows = read_table(path, "Moodle's grading worksheet, or take the file away") or [[]]
            if "Identifier" in header:
                named = [dict(zip(header, row, strict=False)) for row in rows if any(row)]
                known = [row for row in named if "Identifier" in row]
                return path, {row["Identifier"].removeprefix("Participant "): row for row in known}
    return None, {}


LAYOUT = Layout("moodle", "Moodle", recognise, find, numbered=True, per_assignment=True)
