"""Brightspace's download: `12345-678 - Jane Doe - Oct 10, 2025 1022 AM/`, and an index.html.

The date is in the language of the person who downloaded it.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.intake.downloads.dates import read_date
from grader.intake.downloads.layout import Aside, Find, Layout, are_most
from grader.intake.entries import read_name

# A name may hold ` - `, a date in one of these languages does not.
_NAME = re.compile(r"(?P<user>\d+)-\d+ - (?P<name>.+) - (?P<when>(?:(?! - ).)*\d{4}(?:(?! - ).)*)")


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Return whether most folders are named as Brightspace names them."""
    folders = [path for path in items if path.is_dir()]
    return are_most(sum(1 for path in folders if _parse(path)), folders)


def find(folder: Path, items: Sequence[Path]) -> list[Find | Aside]:
    """Return each attempt's folder."""
    found: list[Find | Aside] = []
    for path in items:
        if match := _parse(path):
            when = read_date(match["when"])
            found.append(Find(path, keys=(match["user"],), name=match["name"], submitted_at=when))
        elif path.name.lower() == "index.html":
            found.append(Aside(path, "Brightspace's own list"))
    return found


def _parse(path: Path) -> re.Match[str] | None:
    return _NAME.fullmatch(read_name(path.name))


LAYOUT = Layout("brightspace", "Brightspace", recognise, find, numbered=True)
