"""Blackboard's download: `Homework 4_jdoe_attempt_2025-10-10-10-22-05_attention.py`, flat, all attempts."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from grader.intake.downloads.layout import Find, Layout, are_most
from grader.intake.entries import read_name

# The attempt's own .txt, without a file name, is Blackboard's receipt.
_NAME = re.compile(r".+_(?P<user>[^_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL)


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Whether most files are named as Blackboard names them."""
    return are_most(sum(1 for path in items if _parse(path)), items)


def find(folder: Path, items: Sequence[Path]) -> list[Find]:
    """One find for each file of each attempt."""
    return [
        Find(path, keys=(match["user"],), file_name=match["file"], submitted_at=_read_time(match["time"]))
        for path in items
        if (match := _parse(path)) and match["file"]
    ]


def _parse(path: Path) -> re.Match[str] | None:
    return _NAME.fullmatch(read_name(path.name))


def _read_time(text: str) -> str | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d-%H-%M-%S").isoformat()
    except ValueError:
        return None


LAYOUT = Layout("blackboard", recognise, find)
