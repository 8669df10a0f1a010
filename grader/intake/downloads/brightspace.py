"""Brightspace's download: `12345-678 - Jane Doe - Oct 10, 2025 1022 AM/`, and an index.html."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from grader.intake.downloads.layout import Find, Layout, are_most
from grader.intake.entries import read_name

_NAME = re.compile(
    r"(?P<user>\d+)-\d+ - (?P<name>.+) - "
    r"(?P<day>[A-Z][a-z]{2} \d{1,2}, \d{4}) (?P<hour>\d{1,2}?):?(?P<minute>\d\d) (?P<half>[AP]M)"
)


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Whether most folders are named as Brightspace names them."""
    folders = [path for path in items if path.is_dir()]
    return are_most(sum(1 for path in folders if _parse(path)), folders)


def find(folder: Path, items: Sequence[Path]) -> list[Find]:
    """One find for each attempt's folder."""
    return [
        Find(path, keys=(match["user"],), name=match["name"], submitted_at=_read_time(match))
        for path in items
        if (match := _parse(path))
    ]


def _parse(path: Path) -> re.Match[str] | None:
    return _NAME.fullmatch(read_name(path.name))


def _read_time(match: re.Match[str]) -> str | None:
    text = f"{match['day']} {match['hour']}:{match['minute']} {match['half']}"
    try:
        return datetime.strptime(text, "%b %d, %Y %I:%M %p").isoformat()
    except ValueError:
        return None


LAYOUT = Layout("brightspace", recognise, find)
