"""RUN/push.jsonl: what was sent, when and where to, and the replies. Lines are added and never changed.

The log is why a second push sends nothing: it has the digest of what the platform took last of each student.
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
from grader.reporting.files import format_json, lock_file

# The platform has the score: because it accepted it, or because it had it before.
_SETTLED = ("sent", "there already")


@dataclass
class Log:
    """An open log; `settled` maps an address and the student's id there to the digest of what it has."""

    file: IO[str]
    settled: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, **record: object) -> None:
        """Write one line, which stays even if this process is killed."""
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **record}
        self.file.write(format_json(line, indent=None) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def open_log(run: Path) -> Iterator[Log]:
    """Open a run's log for writing. Raises UsageError if it cannot be written, or if another push has it open."""
    path = RunFolder(run).push_log
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {str(path)!r} ({error.strerror}); without a log a score might be sent twice: make the "
            "folder writable"
        ) from error
    with file:
        lock_file(file, f"another push from {str(run)!r} is running: wait for it")
        # End a line that was not finished, so that the next one is not lost with it.
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            file.write("\n")
        yield Log(file, read_settled(run))


def read_settled(run: Path) -> dict[tuple[str, str], str]:
    """Return what each address has of each student, according to the log."""
    return {
        (record["to"], record["key"]): record["digest"]
        for record in read_log(run)
        if record.get("outcome") in _SETTLED and {"to", "key", "digest"} <= record.keys()
    }


def read_log(run: Path) -> list[dict[str, Any]]:
    """Read every record; a line that a killed process did not finish is ignored."""
    path = RunFolder(run).push_log
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r} ({error.strerror}): make it readable") from error
    records = []
    for line in text.split("\n"):  # not splitlines(): older lines may contain other line separators inside a name
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if record and isinstance(record, dict):
            records.append(record)
    return records
