"""The parts of a download, in the terms of the system that wrote it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Find:
    """One file or folder of one student.

    `keys` are the system's own ids, and where a name can be read in several ways each of them; `shared` are ids that
    several systems know, such as an e-mail address. `file_name` is what the student called the file. `submitted_at` is
    ISO 8601, without a zone where the system writes none; `attempt` is 0 where the system does not count, and the
    highest `order` is the newest file of an attempt. A `doubtful` file counts only where it holds what the assignment
    asks for, or is named after a student of the roster.
    """

    path: Path
    keys: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    name: str = ""
    file_name: str = ""
    submitted_at: str | None = None
    late: bool = False
    attempt: int = 0
    order: int = 0
    doubtful: bool = False


@dataclass(frozen=True)
class Aside:
    """Something in a download that is no student's work, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Layout:
    """The way in which one system lays out a download.

    `system` is the roster's column for its ids, `title` its name for messages. Its ids are `numbered` where they are
    running numbers, which mean nothing in another system, and `per_assignment` where the next assignment has others.
    Where there is no system the names of the files may hold more than an id: `by_parts`.
    """

    system: str
    title: str
    recognise: Callable[[Path, Sequence[Path]], bool]
    find: Callable[[Path, Sequence[Path]], list[Find | Aside]]
    numbered: bool = False
    per_assignment: bool = False
    by_parts: bool = False


def are_most(hits: int, items: Sequence[Path]) -> bool:
    """Return whether a pattern fits enough of a folder to be its layout: a stray file does no harm."""
    return hits > 0 and hits * 2 > len(items)
