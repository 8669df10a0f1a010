"""Take in uploads: bytes go straight to the disk, within limits, and are never looked at here.

An upload lies in a folder of its own, uploads/<id>/. It counts once its files, its folder and its row in the queue
outlive a power failure; only then is it acknowledged. What was cut off before that is removed at the next start.
"""

import errno
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from grader.server.queue import Queued, SubmissionQueue, Upload
from grader.server.refusals import RequestRefused
from grader.server.settings import UploadLimits

FIELD = "file"
CSRF_FIELD = "csrf"
MAX_TEXT_FIELD = 1000
MAX_NAME_BYTES = 120
# Fields beside the files, and the headers of one part.
MAX_FIELDS = 20
MAX_HEADER_BYTES = 8192
# Headers and boundaries of a multipart body, beside its files.
ENVELOPE_BYTES = 1 << 20


@dataclass
class UploadReceiver:
    """Writes the files of one multipart body into a folder as they arrive.

    Raises RequestRefused for what is too much.
    """

    folder: Path
    content_type: str
    limits: UploadLimits
    names: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    size: int = 0
    _parts: int = 0
    _file: IO[bytes] | None = None
    _field: str = ""
    _header: bytes = b""
    _value: bytes = b""
    _disposition: bytes = b""
    _taken: set[str] = field(default_factory=set)
    _is_ended: bool = False

    def __post_init__(self) -> None:
        kind, options = parse_options_header(self.content_type)
        if kind != b"multipart/form-data" or b"boundary" not in options:
            raise RequestRefused(415, "not_multipart")
        callbacks: Any = {
            "on_part_begin": self._begin_part,
            "on_part_data": self._take_data,
            "on_part_end": self._end_part,
            "on_header_field": self._take_header_name,
            "on_header_value": self._take_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open_part,
            "on_end": self._end,
        }
        self._parser = MultipartParser(
            options[b"boundary"], callbacks, max_size=self.limits.bytes_at_once + ENVELOPE_BYTES
        )
        with explain_full_disk():
            self.folder.mkdir()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        try:
            with explain_full_disk():
                self._parser.write(chunk)
        except FormParserError as error:
            raise RequestRefused(400, "not_multipart") from error

    def finish(self) -> None:
        """Make the files durable. Raises RequestRefused where the body was cut off or has no file."""
        if not self._is_ended:
            raise RequestRefused(400, "upload_cut_off")
        if not self.names:
            raise RequestRefused(422, "no_file")
        with explain_full_disk():
            sync_folder(self.folder)
            sync_folder(self.folder.parent)

    def discard(self) -> None:
        """Remove what was written."""
        if self._file is not None:
            self._file.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin_part(self) -> None:
        self._disposition, self._field, self._file = b"", "", None
        self._parts += 1
        if self._parts > self.limits.files_at_once + MAX_FIELDS:
            raise RequestRefused(413, "too_many_files", most=self.limits.files_at_once)

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._check_header()

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_header()

    def _check_header(self) -> None:
        if len(self._header) + len(self._value) > MAX_HEADER_BYTES:
            raise RequestRefused(400, "not_multipart")

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _open_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        name = options.get(b"filename")
        if not name or self._field != FIELD:
            return
        if len(self.names) >= self.limits.files_at_once:
            raise RequestRefused(413, "too_many_files", most=self.limits.files_at_once)
        shown = clean_name(name.decode("utf-8", "replace"))
        disk_name = choose_disk_name(shown, self._taken)
        self._taken.add(disk_name.casefold())
        self.names.append(shown)
        self._file = (self.folder / disk_name).open("xb")

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self.size += end - start
            if self.size > self.limits.bytes_at_once:
                raise RequestRefused(413, "too_large", most=self.limits.megabytes_at_once)
            self._file.write(data[start:end])
        elif self._field:
            text = self.fields.get(self._field, "") + data[start:end].decode("utf-8", "replace")
            if len(text) > MAX_TEXT_FIELD:
                raise RequestRefused(413, "too_large", most=self.limits.megabytes_at_once)
            self.fields[self._field] = text

    def _end_part(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def _end(self) -> None:
        self._is_ended = True


def keep_upload(receiver: UploadReceiver, queue: SubmissionQueue, *, assignment: str, student: str) -> Queued:
    """Make an upload durable and put it into the queue. When this returns, it may be acknowledged."""
    receiver.finish()
    files = sorted(receiver.folder.iterdir())
    place = f"{receiver.folder.name}/{files[0].name}" if len(files) == 1 else receiver.folder.name
    upload = Upload(receiver.folder.name, assignment, student, place, tuple(receiver.names), receiver.size)
    return queue.add(upload)


def check_room(folder: Path, limits: UploadLimits, announced: int | None) -> None:
    """Raise RequestRefused where the body is known to be too large, or the disk to be full."""
    if announced is not None and announced > limits.bytes_at_once + ENVELOPE_BYTES:
        raise RequestRefused(413, "too_large", most=limits.megabytes_at_once)
    if shutil.disk_usage(folder).free < limits.free_bytes + (announced or 0):
        raise RequestRefused(507, "disk_full", retry_after=300)


def remove_unfinished(folder: Path, queue: SubmissionQueue) -> int:
    """Remove the folders of uploads that were never acknowledged; return how many these were."""
    removed = 0
    for path in folder.iterdir():
        if queue.find(path.name) is None:
            shutil.rmtree(path)
            removed += 1
    return removed


def clean_name(name: str) -> str:
    """Return the last part of a file's name without control characters, as the student may see it again."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1]).strip()
    return "".join(letter for letter in last if letter.isprintable())[:200] or "upload"


def choose_disk_name(name: str, taken: set[str]) -> str:
    """Return a name that every file system takes and that no other file of the upload has."""
    safe = re.sub(r"[^\w.@+() -]", "_", name).lstrip(".- ").rstrip(". ") or "upload"
    stem, dot, suffix = safe.rpartition(".")
    stem, suffix = (stem, f".{suffix[:20]}") if dot and stem else (safe, "")
    stem = stem.encode()[: MAX_NAME_BYTES - len(suffix.encode())].decode("utf-8", "ignore")
    number, chosen = 1, stem + suffix
    while chosen.casefold() in taken:
        number += 1
        chosen = f"{stem}-{number}{suffix}"
    return chosen


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def explain_full_disk() -> Iterator[None]:
    """Turn the error of a full disk into a refusal."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise RequestRefused(507, "disk_full", retry_after=300) from error
        raise
