"""One file of a submission, which may lie in a folder, in an archive or by itself.

Made by `intake.folder` and `intake.archive`, read by `intake.candidates`.
"""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO

from grader.intake.budget import Budget

# Folders that tools make; nothing a student wrote is in them.
_NOISE = frozenset({"__pycache__", "__MACOSX", "node_modules", "site-packages", "venv"})
_CHUNK = 2**20


@dataclass(frozen=True)
class Entry:
    """A file that can be opened; `path` is relative, with `/`, in NFC. `modified` is 0 where it is not known."""

    path: str
    size: int
    open: Callable[[], IO[bytes]]
    modified: float = 0.0

    @property
    def name(self) -> str:
        """Return the last part of its path."""
        return PurePosixPath(self.path).name


@dataclass
class Listing:
    """The files of a folder or an archive, and what is worth telling about the others."""

    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_chunks(entry: Entry, budget: Budget | None = None) -> Iterator[bytes]:
    """Return the bytes of an entry, a megabyte at a time. Raises SubmissionRefused where the budget is spent."""
    with entry.open() as stream:
        while chunk := stream.read(_CHUNK):
            if budget:
                budget.spend_bytes(len(chunk), entry.name)
            yield chunk


def compute_checksum(entry: Entry, budget: Budget | None = None) -> str:
    """Return the SHA-256 of an entry, in hexadecimal."""
    digest = hashlib.sha256()
    for chunk in read_chunks(entry, budget):
        digest.update(chunk)
    return digest.hexdigest()


def is_noise(path: str) -> bool:
    """Say whether a tool left this file, or it hides: `.git/`, `__MACOSX/`, `._attention.py`, a virtual environment."""
    parts = PurePosixPath(path).parts
    return any(part in _NOISE or part.startswith(".") for part in parts)


def read_name(name: str) -> str:
    """Return a file name as text in NFC; bytes that are no UTF-8 were written by a Korean Windows."""
    raw = os.fsencode(name)
    for encoding in ("utf-8", "cp949"):
        try:
            return unicodedata.normalize("NFC", raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def normalize_name(name: str) -> str:
    """Return a name as it is compared: macOS decomposes Hangul, Windows ignores case."""
    return unicodedata.normalize("NFC", name).casefold()
