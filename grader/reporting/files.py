"""Files as exports write them: whole or not at all."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from grader.model.errors import UsageError
from grader.reporting.published import PublishedReport
from grader.reporting.table import Cell, format_table


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all. Raises UsageError where the place cannot be written to."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all. Raises UsageError where the place cannot be written to."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError as error:
        if path.parent.is_dir():
            unfinished.unlink(missing_ok=True)
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror or error}; choose another place") from error


def write_table(path: Path, rows: Iterable[Sequence[Cell]], *, delimiter: str = ",") -> None:
    """Write a CSV in UTF-8. Raises UsageError where the place cannot be written to."""
    write_text(path, format_table(rows, delimiter=delimiter))


def write_each(
    path: Path, entries: Sequence[PublishedReport], render: Callable[[PublishedReport], str], *, suffix: str
) -> None:
    """One file a student in the folder `path`; where `path` ends in `suffix`, that one file for the only student."""
    if path.suffix != suffix:
        for name, entry in _name_files(entries).items():
            write_text(path / f"{name}{suffix}", render(entry))
        return
    if not entries:
        raise UsageError(f"nothing to write to {path.name!r}: nobody in this run has a score yet")
    if len(entries) != 1:
        raise UsageError(f"{path.name!r} is one file, but there are {len(entries)} scores: name a folder instead")
    write_text(path, render(entries[0]))


def to_json(value: Mapping[str, object], *, indent: int | None = 2) -> str:
    """JSON with every script as it is; what is no number is an error."""
    return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)


def _name_files(entries: Sequence[PublishedReport]) -> dict[str, PublishedReport]:
    plain = [re.sub(r"[^\w.@+-]", "_", entry.student.id).strip(".")[:100] or "unnamed" for entry in entries]
    # Names that only differ in case are one file on some systems.
    counts = Counter(name.casefold() for name in plain)
    return {
        name if counts[name.casefold()] == 1 else f"{name}-{sha256(entry.student.id.encode()).hexdigest()[:8]}": entry
        for name, entry in zip(plain, entries, strict=True)
    }
