"""What a submission answered, kept: enough to run changed tests over it without running it again.

Filled and played back by `examiner.replay`, kept in RUN/recordings by `batch`. The answers are claims, as they came
from the jail, and are decoded by what decodes live ones; that a file is the one that was written is known from its
name, which is the digest of its bytes.
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

# The answers of one submission: what would be more is asked again, live.
MAX_ANSWER_BYTES = 32 << 20
# The same with what stands around the answers, packed or not.
MAX_FILE_BYTES = 48 << 20
# Most of the answers are noise to a compressor, and the rest gives in at once.
LEVEL = 1
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Exchange:
    """The digest of what was sent at once, and how many replies came; or the verdict and words of a mishap instead."""

    asked: str
    replies: int = 0
    verdict: str = ""
    message: str = ""


@dataclass(frozen=True)
class RecordedTest:
    """One run of a test, or one load: its exchanges, and the frames of all their replies one after another."""

    exchanges: tuple[Exchange, ...]
    answers: bytes = b""
    cpu_seconds: float = 0.0


# By the digest of the first frame that was sent: a test's own seed is in it, or the text that was loaded.
Takes = Mapping[str, Sequence[RecordedTest]]


@dataclass(frozen=True)
class Recording:
    """A submission as it was read, and what it answered."""

    submission: Submission
    takes: Takes = field(default_factory=dict)
    peak_kb: int = 0

    def extend(self, takes: Takes, peak_kb: int) -> "Recording":
        """With newer takes in place of the older ones of the same tests."""
        return Recording(self.submission, {**self.takes, **takes}, max(self.peak_kb, peak_kb))


@dataclass(frozen=True)
class _Line:
    first: str
    exchanges: tuple[Exchange, ...]
    size: int
    cpu_seconds: float


@dataclass(frozen=True)
class _Index:
    version: Literal[1]
    submission: Submission
    lines: tuple[_Line, ...]
    peak_kb: int


_INDEX = TypeAdapter(_Index)


def pack_recording(recording: Recording) -> bytes:
    """The bytes of a recording; none where it holds what cannot be written or would not be read again."""
    takes = [(first, take) for first, several in recording.takes.items() for take in several]
    lines = tuple(_Line(first, take.exchanges, len(take.answers), take.cpu_seconds) for first, take in takes)
    try:
        index = _INDEX.dump_json(_Index(1, recording.submission, lines, recording.peak_kb))
    except PydanticSerializationError:
        return b""  # half a surrogate pair in a text that a student chose
    data = b"".join([_LENGTH.pack(len(index)), index, *(take.answers for _, take in takes)])
    return zlib.compress(data, LEVEL) if len(data) <= MAX_FILE_BYTES else b""


def unpack_recording(data: bytes) -> Recording:
    """The recording in these bytes. Raises DamagedRecording."""
    raw = _decompress(data)
    try:
        (length,) = _LENGTH.unpack_from(raw)
        index = _INDEX.validate_json(raw[_LENGTH.size : _LENGTH.size + length])
    except (struct.error, ValidationError) as error:
        raise DamagedRecording(f"its index cannot be read ({type(error).__name__})") from error
    return Recording(index.submission, _cut_answers(index, raw, _LENGTH.size + length), index.peak_kb)


def read_recording(path: Path) -> Recording:
    """The recording in a file that is named by the digest of its bytes. Raises DamagedRecording."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DamagedRecording(f"it cannot be opened ({error.strerror})") from error
    if name_recording(data) != path.name:
        raise DamagedRecording("its bytes are not those that were written")
    return unpack_recording(data)


def name_recording(data: bytes) -> str:
    """The name of the file that holds these bytes."""
    return hashlib.sha256(data).hexdigest()


def _decompress(data: bytes) -> bytes:
    engine = zlib.decompressobj()
    try:
        raw = engine.decompress(data, MAX_FILE_BYTES)
    except zlib.error as error:
        raise DamagedRecording(f"it cannot be decompressed ({error})") from error
    if not engine.eof:
        raise DamagedRecording("it ends too early, or holds more than a recording may")
    return raw


def _cut_answers(index: _Index, raw: bytes, start: int) -> dict[str, list[RecordedTest]]:
    takes: dict[str, list[RecordedTest]] = {}
    for line in index.lines:
        end = start + line.size
        takes.setdefault(line.first, []).append(RecordedTest(line.exchanges, raw[start:end], line.cpu_seconds))
        start = end
    if start != len(raw):
        raise DamagedRecording("its answers are not as long as its index says")
    return takes
