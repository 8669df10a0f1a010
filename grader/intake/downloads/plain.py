"""One folder or one file for each student, named after the student: what is left where no system's layout fits."""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.intake.downloads.layout import Find, Layout
from grader.intake.entries import read_name

SOURCES = (".py", ".ipynb", ".zip", ".tar", ".gz", ".tgz")


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Always."""
    return True


def find(folder: Path, items: Sequence[Path]) -> list[Find]:
    """One find for each folder and each file that can hold code; an assistant's own notes are passed over."""
    return [_make_find(path) for path in items if path.is_dir() or path.suffix.lower() in SOURCES]


def _make_find(path: Path) -> Find:
    # `20231234_홍길동_a4.ipynb`: the whole name first, then each part, since a roster may know one of them.
    name = read_name(path.name)
    label = name if path.is_dir() else name.split(".")[0] or name
    parts = [part for part in re.split(r"[_\s()\[\]-]+", label) if part and part != label]
    return Find(path, keys=(label, *parts), name=label)


LAYOUT = Layout("", recognise, find)
