"""RUN/push.jsonl: what was sent, when, to where, and what was answered. One line each, never changed afterwards.

It is what makes a second push send nothing: of each student, the digest of what the platform took last.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from grader.classroom.run_folder import RunFolder
from grader.model.errors import UsageError
from grader.reporting.files import lock_file

# The platform has it: because it took it, or because it had it before.
_SETTLED = ("sent", "there already")


@dataclass
class Log:
    """An open log; `settled` maps a place and the student's id there to the digest of what it has."""

    file: IO[str]
    settled: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, **record: object) -> None:
        """Write a line, to last even if this process is killed."""
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **record}
        self.file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def open_log(run: Path) -> Iterator[Log]:
    """Open a run's log for writing. Raises UsageError where it cannot be written, or another push has it."""
    path = RunFolder(run).push_log
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} cannot be written ({error.strerror}), and without a log a score might be sent twice: make "
            "the folder writable"
        ) from error
    with file:
        lock_file(file, f"another push from {str(run)!r} is under way: wait for it")
        _end_line(path, file)
        yield Log(file, read_settled(run))


def read_settled(run: Path) -> dict[tuple[str, str], str]:
    """What each place has of each student, as far as the log says."""
    return {
        (record["to"], record["key"]): record["digest"]
        for record in read_log(run)
        if record.get("outcome") in _SETTLED and {"to", "key", "digest"} <= record.keys()
    }


def read_log(run: Path) -> list[dict[str, Any]]:
    """Every record; a line that a killed process has not finished counts for nothing."""
    path = RunFolder(run).push_log
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read ({error.strerror}): make it readable") from error
    return [record for record in map(_read_record, lines) if record]


def _read_record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _end_line(path: Path, file: IO[str]) -> None:
    # After a line that was not finished, the next one must not be lost with it.
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        file.write("\n")
