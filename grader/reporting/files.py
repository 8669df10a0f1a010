"""Write files whole or not at all, and give students' files safe names."""

import fcntl
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO

from grader.model.errors import UsageError
from grader.reporting.published import PublishedReport
from grader.reporting.safe_text import Cell, escape_json, format_table

UNFINISHED = ".unfinished"
MAX_NAME_BYTES = 120
# The page that leads to those of the students.
INDEX = "index"
LOCK_POLL_SECONDS = 0.01


@contextmanager
def stage_bytes(path: Path, data: bytes) -> Iterator[None]:
    """Write `data` beside `path`, and put it in place once the block has succeeded. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        unfinished.write_bytes(data)
        yield
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def remove_unfinished(folder: Path, *, older_than: float = 0.0) -> None:
    """Remove what `stage_bytes` left in a folder when its process was killed so many seconds ago. Raises OSError."""
    for path in folder.glob(f".*{UNFINISHED}"):
        with suppress(FileNotFoundError):  # it has been finished meanwhile
            if time.time() - path.stat().st_mtime >= older_than:
                path.unlink()


def lock_file(file: IO[str], refusal: str, patience: float = 0.0) -> None:
    """Lock an open file until it is closed. Raises UsageError with `refusal` if another one has it locked.

    Waits up to `patience` seconds. The kernel removes the lock when this process ends, however it ends.
    """
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= end:
                raise UsageError(refusal) from error
        time.sleep(LOCK_POLL_SECONDS)


def make_safe_name(student: str) -> str:
    """Return a student's name without what a file system refuses. Two students may get the same name."""
    safe = re.sub(r"[^\w.@+-]", "_", student).strip(".").encode("utf-8", "replace")[:MAX_NAME_BYTES]
    return safe.decode("utf-8", "ignore") or "unnamed"


def make_file_name(student: str) -> str:
    """Return a file name for a student that no file system refuses and that no other student has."""
    safe = make_safe_name(student)
    return safe if safe == student else add_digest(safe, student)


def add_digest(name: str, student: str) -> str:
    """Return the name with a digest of the student's name, which sets it apart from equal names."""
    return f"{name}-{sha256(student.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def write_text(path: Path, text: str) -> None:
    """Write a text file whole. Raises UsageError if the place cannot be written to."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole. Raises UsageError if the place cannot be written to."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with stage_bytes(path, data):
            pass
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror or error}; choose another place") from error


def write_table(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """Write a CSV in UTF-8. Raises UsageError if the place cannot be written to."""
    write_text(path, format_table(rows))


def write_each(
    path: Path, entries: Sequence[PublishedReport], render: Callable[[PublishedReport], str], *, suffix: str
) -> None:
    """Write one file a student into the folder `path`; a `path` that ends in `suffix` is the only student's file."""
    if path.suffix != suffix:
        for name, entry in zip(name_files(entries), entries, strict=True):
            write_text(path / f"{name}{suffix}", render(entry))
        return
    if not entries:
        raise UsageError(f"nothing to write to {path.name!r}: no student in this run has a score yet")
    if len(entries) != 1:
        raise UsageError(f"{path.name!r} is one file, but there are {len(entries)} scores: name a folder instead")
    write_text(path, render(entries[0]))


def name_files(entries: Sequence[PublishedReport]) -> list[str]:
    """Return the name of each student's file, without its ending; no two are the same, and none is `index`."""
    names = [make_safe_name(entry.student.id) for entry in entries]
    # Some file systems take names that differ only in case for the same.
    counts = Counter([INDEX, *(name.casefold() for name in names)])
    return [
        name if counts[name.casefold()] == 1 else add_digest(name, entry.student.id)
        for name, entry in zip(names, entries, strict=True)
    ]


def format_json(value: Mapping[str, object], *, indent: int | None = 2) -> str:
    """Return JSON with every script readable and no control character. Raises ValueError for NaN and infinity."""
    return escape_json(json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False))
