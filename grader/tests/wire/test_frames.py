"""Frames: what is written is read back; a forged length costs the reader nothing."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.tests.conftest import reader_of
from grader.wire.frames import MAX_BLOCK_BYTES, MAX_HEADER_BYTES, Frame, ProtocolError, pack_frame, read_frame

quickly = settings(max_examples=60, database=None)


def frame_bytes(header: bytes, block: bytes = b"") -> bytes:
    """A frame around any header, sound or not."""
    return struct.pack("<II", len(header), len(block)) + header + block


@quickly
@given(st.dictionaries(st.text(), st.integers() | st.text()), st.binary())
def test_a_frame_is_read_back(header: dict[str, int | str], block: bytes) -> None:
    """Header and block come back as they were."""
    assert read_frame(reader_of(pack_frame(Frame(header, block)))) == Frame(header, block)


@quickly
@given(st.binary(max_size=64))
def test_arbitrary_bytes_are_a_frame_or_refused(data: bytes) -> None:
    """For any bytes the reader returns a frame, meets the end, or raises ProtocolError."""
    try:
        read_frame(reader_of(data))
    except (ProtocolError, EOFError):
        return


@quickly
@given(st.data())
def test_a_truncated_frame_meets_the_end(data: st.DataObject) -> None:
    """A frame cut anywhere is never taken for a whole one."""
    whole = pack_frame(Frame({"op": "Done"}, b"block"))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(EOFError):
        read_frame(reader_of(whole[:cut]))


@pytest.mark.parametrize("sizes", [(2**32 - 1, 0), (MAX_HEADER_BYTES + 1, 0), (2, MAX_BLOCK_BYTES + 1)])
def test_a_forged_length_is_refused_before_reading(sizes: tuple[int, int]) -> None:
    """No byte beyond the prefix is asked for when the lengths are too large."""
    asked = []

    def read_exactly(count: int) -> bytes:
        asked.append(count)
        return struct.pack("<II", *sizes)

    with pytest.raises(ProtocolError, match="larger"):
        read_frame(read_exactly)
    assert asked == [8]


@pytest.mark.parametrize("header", [b"", b"no json", b"[1]", b"1", b'"text"', b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_header_that_is_no_object_is_refused(header: bytes) -> None:
    """Anything but one JSON object is refused, however deeply nested."""
    with pytest.raises(ProtocolError):
        read_frame(reader_of(frame_bytes(header)))


def test_an_integer_of_many_digits_is_refused() -> None:
    """An integer that takes quadratic time to read is refused by the reader."""
    with pytest.raises(ProtocolError):
        read_frame(reader_of(frame_bytes(b'{"seq":' + b"9" * 10_000 + b"}")))


@pytest.mark.parametrize(
    "frame", [Frame({"v": 10**5000}), Frame({"v": "x" * MAX_HEADER_BYTES}), Frame({}, bytes(MAX_BLOCK_BYTES + 1))]
)
def test_what_the_reader_would_refuse_is_not_written(frame: Frame) -> None:
    """Too large a header, block or integer is refused where it is packed."""
    with pytest.raises(ProtocolError):
        pack_frame(frame)
