"""Recordings: a submission and its replies, so that changed tests can be run without running it again.

The replies are claims, as they came from the jail, and are decoded like live ones. A file is named by the digest of its
bytes, which shows that it is the one that was written.
"""

import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from grader.model.errors import DamagedRecording
from grader.model.submission import Submission

# Limit on the recorded reply bytes of one submission. Tests beyond it are not recorded and are rerun live.
MAX_REPLY_BYTES = 32 << 20
# Limit on a whole recording, packed or not.
MAX_FILE_BYTES = 48 << 20
# Tensor bytes barely compress; the rest compresses well even at level 1.
LEVEL = 1
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Exchange:
    """The digest of the requests sent at once, and the number of replies; or an error: verdict, message and lines."""

    asked: str
    replies: int = 0
    verdict: str = ""
    message: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class RecordedTest:
    """One run of a test, or one load: its exchanges, and the frames of all their replies one after another."""

    exchanges: tuple[Exchange, ...]
    replies: bytes = b""
    cpu_seconds: float = 0.0
    used_share: float = 0.0


# By the digest of the first frame that was sent: it holds the test's own seed, or the text that was loaded.
RecordedTests = Mapping[str, Sequence[RecordedTest]]


@dataclass(frozen=True)
class Recording:
    """A submission as it was read, and its replies."""

    submission: Submission
    tests: RecordedTests = field(default_factory=dict)
    peak_kb: int = 0

    def extend(self, tests: RecordedTests, peak_kb: int) -> "Recording":
        """Return a recording with newer runs in place of the older ones of the same tests."""
        return Recording(self.submission, {**self.tests, **tests}, max(self.peak_kb, peak_kb))


@dataclass(frozen=True)
class _Line:
    first: str
    exchanges: tuple[Exchange, ...]
    size: int
    cpu_seconds: float
    used_share: float = 0.0


@dataclass(frozen=True)
class _Index:
    version: Literal[1]
    submission: Submission
    lines: tuple[_Line, ...]
    peak_kb: int


_INDEX = TypeAdapter(_Index)


def pack_recording(recording: Recording) -> bytes:
    """Return the bytes of a recording; none if it cannot be written or is too large to be read again."""
    tests = [(first, test) for first, runs in recording.tests.items() for test in runs]
    lines = tuple(
        _Line(first, test.exchanges, len(test.replies), test.cpu_seconds, test.used_share) for first, test in tests
    )
    try:
        index = _INDEX.dump_json(_Index(1, recording.submission, lines, recording.peak_kb))
    except PydanticSerializationError:
        return b""  # half a surrogate pair in a text that a student chose
    data = b"".join([_LENGTH.pack(len(index)), index, *(test.replies for _, test in tests)])
    return zlib.compress(data, LEVEL) if len(data) <= MAX_FILE_BYTES else b""


def unpack_recording(data: bytes) -> Recording:
    """Return the recording in these bytes. Raises DamagedRecording."""
    engine = zlib.decompressobj()
    try:
        raw = engine.decompress(data, MAX_FILE_BYTES)
    except zlib.error as error:
        raise DamagedRecording(f"it cannot be decompressed ({error})") from error
    if not engine.eof:
        raise DamagedRecording("it ends too early, or holds more than a recording may")
    try:
        (length,) = _LENGTH.unpack_from(raw)
        index = _INDEX.validate_json(raw[_LENGTH.size : _LENGTH.size + length])
    except (struct.error, ValidationError) as error:
        raise DamagedRecording(f"its index cannot be read ({type(error).__name__})") from error
    tests: dict[str, list[RecordedTest]] = {}
    start = _LENGTH.size + length
    for line in index.lines:
        end = start + line.size
        test = RecordedTest(line.exchanges, raw[start:end], line.cpu_seconds, line.used_share)
        tests.setdefault(line.first, []).append(test)
        start = end
    if start != len(raw):
        raise DamagedRecording("its replies are not as long as its index says")
    return Recording(index.submission, tests, index.peak_kb)


def read_recording(path: Path) -> Recording:
    """Return the recording in a file that is named by the digest of its bytes. Raises DamagedRecording."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DamagedRecording(f"it cannot be opened ({error.strerror})") from error
    if name_recording(data) != path.name:
        raise DamagedRecording("its bytes are not those that were written")
    return unpack_recording(data)


def name_recording(data: bytes) -> str:
    """Return the name of the file that holds these bytes."""
    return hashlib.sha256(data).hexdigest()
