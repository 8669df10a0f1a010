"""What a layout finds in a download, in the terms of the system that wrote it.

Made by the layouts, read by `intake.downloads`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Find:
    """One file or folder of one student. `keys` are the system's ids, `file_name` is what the student called the file.

    `submitted_at` is ISO 8601, without a zone where the system writes none; `attempt` is 0 where it does not count.
    """

    path: Path
    keys: tuple[str, ...] = ()
    name: str = ""
    file_name: str = ""
    submitted_at: str | None = None
    late: bool = False
    attempt: int = 0


@dataclass(frozen=True)
class Layout:
    """How one system lays out a download. `system` is the roster's column for its ids."""

    system: str
    recognise: Callable[[Path, Sequence[Path]], bool]
    find: Callable[[Path, Sequence[Path]], list[Find]]


def are_most(hits: int, items: Sequence[Path]) -> bool:
    """Whether a pattern fits enough of a folder to be its layout: a stray file of the assistant's does no harm."""
    return hits > 0 and hits * 2 > len(items)
