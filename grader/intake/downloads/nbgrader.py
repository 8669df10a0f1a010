"""nbgrader's tree: `submitted/<student>/<assignment>/`, with a timestamp.txt in each where it is known."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from grader.intake.downloads.layout import Aside, Find, Layout, are_most
from grader.intake.entries import read_name

_TIMESTAMP = "timestamp.txt"
_LONGEST_TIME = 64


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Return whether this is a folder `submitted` of folders in folders, or most students have a timestamp."""
    folders = [path for path in items if path.is_dir()]
    stamped = sum(1 for path in folders if any(path.glob(f"*/{_TIMESTAMP}")))
    nested = sum(1 for path in folders if _list_assignments(path))
    return are_most(stamped, folders) or (folder.name == "submitted" and are_most(nested, folders))


def find(folder: Path, items: Sequence[Path]) -> list[Find | Aside]:
    """Return each student's folder; where there are several assignments, the right one is known by what it defines."""
    found: list[Find | Aside] = []
    for path in items:
        if path.is_dir():
            assignments = _list_assignments(path)
            only = assignments[0] if len(assignments) == 1 else None
            time = _read_time(only / _TIMESTAMP) if only else None
            found.append(Find(only or path, keys=(read_name(path.name),), submitted_at=time))
    return found


def _list_assignments(path: Path) -> list[Path]:
    return [inner for inner in sorted(path.iterdir()) if inner.is_dir() and not inner.is_symlink()]


def _read_time(path: Path) -> str | None:
    if path.is_symlink() or not path.is_file():
        return None
    # The file lies among the student's own: no more of it is read than a time takes.
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.read(_LONGEST_TIME).strip()
    try:
        return datetime.fromisoformat(text.replace(" UTC", "+00:00")).isoformat()
    except ValueError:
        return None


LAYOUT = Layout("login", "nbgrader", recognise, find)
