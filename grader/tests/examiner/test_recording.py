"""A recording as a file: what was written is read back, and nothing else is."""

import struct
import zlib
from pathlib import Path

import pytest

from grader.examiner import recording as recording_module
from grader.examiner.recording import (
    Exchange,
    RecordedTest,
    Recording,
    name_recording,
    pack_recording,
    read_recording,
    unpack_recording,
)
from grader.model.errors import DamagedRecording
from grader.model.submission import Origin, SourceFile, Submission

SUBMISSION = Submission(
    "id",
    "김",
    source="def double(number):\n    return 2 * number\n",
    origins=((1, Origin("toy.ipynb", 3, 1)),),
    files=(SourceFile("toy.ipynb", "ab"),),
    left_out=("cell 2: a loop",),
    missing={"shout": "not handed in"},
    definitions={"double": 1},
)
TAKES = {
    "first": [
        RecordedTest((Exchange("x", 2),), b"replies", 0.5),
        RecordedTest((Exchange("x", verdict="crashed", message="왜"),)),
    ],
    "second": [RecordedTest((Exchange("y", 1), Exchange("z", 1)), b"\x00\xff" * 10)],
}


def write(folder: Path, data: bytes, name: str = "") -> Path:
    """A file under its own name, or under another."""
    path = folder / (name or name_recording(data))
    path.write_bytes(data)
    return path


def test_what_was_written_is_read_back(tmp_path):
    """The submission with its provenance, and every take."""
    recording = Recording(SUBMISSION, TAKES, 1234)
    assert read_recording(write(tmp_path, pack_recording(recording))) == recording


def test_the_same_recording_has_the_same_bytes():
    """So that it is kept once, under the name that they give."""
    assert pack_recording(Recording(SUBMISSION, TAKES)) == pack_recording(Recording(SUBMISSION, dict(TAKES)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"more",
        lambda data: bytes([data[40] ^ 1]).join([data[:40], data[41:]]),
        lambda data: b"",
    ],
    ids=["shorter", "longer", "a bit", "empty"],
)
def test_other_bytes_than_were_written_are_refused(tmp_path, spoil):
    """Bytes that a disk or a hand changed are refused."""
    data = pack_recording(Recording(SUBMISSION, TAKES))
    with pytest.raises(DamagedRecording, match="not those that were written"):
        read_recording(write(tmp_path, spoil(data), name_recording(data)))


@pytest.mark.parametrize(
    "data",
    [
        b"no zlib",
        zlib.compress(b"\x01"),
        zlib.compress(struct.pack("<I", 2) + b"{}"),
        zlib.compress(struct.pack("<I", 10**9)),
        zlib.compress(zlib.decompress(pack_recording(Recording(SUBMISSION, TAKES))) + b"more"),
        pack_recording(Recording(SUBMISSION, TAKES))[:-9],
    ],
)
def test_what_is_no_recording_is_refused(data):
    """Also under its right name."""
    with pytest.raises(DamagedRecording):
        unpack_recording(data)


def test_a_recording_that_is_not_there_is_told(tmp_path):
    """In the system's words."""
    with pytest.raises(DamagedRecording, match="No such file"):
        read_recording(tmp_path / "ab")


def test_a_recording_cannot_fill_the_memory(monkeypatch):
    """A recording that is larger than it may be is read no further, and is not written."""
    data = pack_recording(Recording(SUBMISSION, {"first": [RecordedTest((), bytes(200_000))]}))
    assert len(data) < 2000
    monkeypatch.setattr(recording_module, "MAX_FILE_BYTES", 100_000)
    with pytest.raises(DamagedRecording, match="more than a recording may"):
        unpack_recording(data)
    assert pack_recording(Recording(SUBMISSION, {"first": [RecordedTest((), bytes(200_000))]})) == b""


def test_text_that_cannot_be_written_is_not_recorded():
    """Half a surrogate pair."""
    assert pack_recording(Recording(SUBMISSION, {"first": [RecordedTest((Exchange("x", message="\ud800"),))]})) == b""
