"""Write files whole or not at all, and give students' files safe names."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from grader.model.errors import UsageError
from grader.reporting.published import PublishedReport
from grader.reporting.safe_text import Cell, escape_json, format_table

UNFINISHED = ".unfinished"
MAX_NAME_BYTES = 120


@contextmanager
def stage_file(path: Path, data: bytes) -> Iterator[None]:
    """Write `data` beside `path`, and put it in place once the block has succeeded."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        unfinished.write_bytes(data)
        yield
        unfinished.replace(path)
    except BaseException:
        if path.parent.is_dir():
            unfinished.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file whole. Raises UsageError if the place cannot be written to."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole. Raises UsageError if the place cannot be written to."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with stage_file(path, data):
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
        for name, entry in _name_files(entries).items():
            write_text(path / f"{name}{suffix}", render(entry))
        return
    if not entries:
        raise UsageError(f"nothing to write to {path.name!r}: no student in this run has a score yet")
    if len(entries) != 1:
        raise UsageError(f"{path.name!r} is one file, but there are {len(entries)} scores: name a folder instead")
    write_text(path, render(entries[0]))


def format_json(value: Mapping[str, object], *, indent: int | None = 2) -> str:
    """Return JSON with every script readable and no control character. Raises ValueError for NaN and infinity."""
    return escape_json(json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False))


def simplify_name(text: str) -> str:
    """Return `text` as a file name that every file system takes; it may be empty, or equal to another's."""
    plain = re.sub(r"[^\w.@+-]", "_", text).strip(".")
    return plain.encode()[:MAX_NAME_BYTES].decode("utf-8", "ignore")


def _name_files(entries: Sequence[PublishedReport]) -> dict[str, PublishedReport]:
    plain = [simplify_name(entry.student.id) or "unnamed" for entry in entries]
    # Some file systems take names that differ only in case for the same.
    counts = Counter(name.casefold() for name in plain)
    return {
        name if counts[name.casefold()] == 1 else f"{name}-{_digest(entry.student.id)}": entry
        for name, entry in zip(plain, entries, strict=True)
    }


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
