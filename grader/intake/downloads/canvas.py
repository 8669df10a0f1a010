"""Canvas's bulk download: `doejane_LATE_1234_5678_attention-1.py`, flat, the last attempt of each user.

All files of one user are one attempt. `-1` is part of a file's name: Canvas adds it where the user handed in a file of
that name before. The second number grows with every file that is handed in.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.intake.downloads.layout import Aside, Find, Layout, are_most
from grader.intake.entries import read_name

_NAME = re.compile(
    r"(?:(?P<name>[^_]*)_)?(?:(?P<late>LATE)_)?(?P<user>\d+|anon_[^_]+)_"
    r"(?:(?P<attachment>\d+)_(?P<file>.+)|(?P<kind>text|link)\.html)",
    re.DOTALL,
)
# A student's own name may hold an underscore: then the first two numbers in a row count.
_NAME_WITH_UNDERSCORE = re.compile(
    r"(?P<name>.+?)_(?:(?P<late>LATE)_)?(?P<user>\d+)_(?P<attachment>\d+)_(?P<file>.+)", re.DOTALL
)
_REPEATED = re.compile(r"-\d{1,2}(?=\.[^.]+\Z)")


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Return whether most entries are named as Canvas names them."""
    return are_most(sum(1 for path in items if _parse(path)), items)


def find(folder: Path, items: Sequence[Path]) -> list[Find | Aside]:
    """Return each attachment, text entry or link."""
    return [
        Find(
            path,
            keys=(parts["user"] or "",),
            name=parts["name"] or "",
            file_name=_REPEATED.sub("", parts["file"] or f"{parts['kind']}.html"),
            late=parts["late"] is not None,
            order=int(parts["attachment"] or 0),
        )
        for path in items
        if (parts := _parse(path))
    ]


def _parse(path: Path) -> dict[str, str | None]:
    name = read_name(path.name)
    match = _NAME.fullmatch(name) or _NAME_WITH_UNDERSCORE.fullmatch(name)
    return match.groupdict() if match else {}


LAYOUT = Layout("canvas", "Canvas", recognise, find, numbered=True)
