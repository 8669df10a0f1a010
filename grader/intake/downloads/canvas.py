"""Canvas's bulk download: `doejane_LATE_1234_5678_attention-1.py`, flat; `-1`, `-2` mark resubmissions."""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.intake.downloads.layout import Find, Layout, are_most
from grader.intake.entries import read_name

_NAME = re.compile(
    r"(?:(?P<name>[^_]*)_)?(?:(?P<late>LATE)_)?(?P<user>\d+|anon_[^_]+)_"
    r"(?:\d+_(?P<file>.+)|(?P<kind>text|link)\.html)"
)
# A student's own name may hold an underscore: then the first two numbers in a row count.
_NAME_WITH_UNDERSCORE = re.compile(r"(?P<name>.+?)_(?:(?P<late>LATE)_)?(?P<user>\d+)_\d+_(?P<file>.+)")
_RESUBMITTED = re.compile(r"-(\d{1,2})(?=\.[^.]+\Z)")


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Whether most files are named as Canvas names them."""
    return are_most(sum(1 for path in items if _parse(path)), items)


def find(folder: Path, items: Sequence[Path]) -> list[Find]:
    """One find for each attachment, text entry or link."""
    return [_make_find(path, parts) for path in items if (parts := _parse(path))]


def _parse(path: Path) -> dict[str, str | None]:
    name = read_name(path.name)
    match = _NAME.fullmatch(name) or _NAME_WITH_UNDERSCORE.fullmatch(name)
    return match.groupdict() if match else {}


def _make_find(path: Path, parts: dict[str, str | None]) -> Find:
    file_name = parts["file"] or f"{parts['kind']}.html"
    again = _RESUBMITTED.search(file_name)
    return Find(
        path,
        keys=(parts["user"] or "",),
        name=parts["name"] or "",
        file_name=_RESUBMITTED.sub("", file_name),
        late=parts["late"] is not None,
        attempt=int(again[1]) + 1 if again else 1,
    )


LAYOUT = Layout("canvas", recognise, find)
