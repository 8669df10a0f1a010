"""Length-prefixed frames: a JSON header and one block of tensor bytes.

A frame is `<II` (header bytes, block bytes), then the header, then the block. Sizes are checked before a byte is read,
and a buffer grows only with the bytes that have really arrived, so that a forged length costs the reader nothing.
"""

import functools
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PREFIX = struct.Struct("<II")
MAX_HEADER_BYTES = 8 << 20
MAX_BLOCK_BYTES = 64 << 20
CHUNK_BYTES = 64 << 10

_json = json.JSONEncoder(separators=(",", ":"))
_read_json = json.JSONDecoder().raw_decode


class ProtocolError(Exception):
    """The bytes that arrived are no frame, or no message that was expected."""


@dataclass(frozen=True)
class Frame:
    """One message on the wire: `header` is JSON-able, `block` the bytes of its tensors.

    `raw` holds the bytes that it was read from.
    """

    header: dict[str, Any]
    block: bytes = b""
    raw: bytes = field(default=b"", repr=False, compare=False)

    @functools.cached_property
    def packed(self) -> bytes:
        """Return its bytes, packed once. Raises ProtocolError as `pack_frame` does."""
        return self.raw or pack_frame(self)


class Inbox:
    """Bytes as they arrive, given out in exact counts: one read usually brings a whole frame."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        """Read from `receive(at_most)`, which waits for bytes and returns some, or none at the end."""
        self._receive = receive
        self._waiting = bytearray()

    @property
    def is_empty(self) -> bool:
        """Tell whether everything that has arrived was given out."""
        return not self._waiting

    def read_exactly(self, count: int) -> bytes:
        """Return the next `count` bytes. Raises EOFError if the other side hangs up before them."""
        while len(self._waiting) < count:
            part = self._receive(CHUNK_BYTES)
            if not part:
                raise EOFError
            self._waiting += part
        data = bytes(self._waiting[:count])
        del self._waiting[:count]
        return data


def pack_frame(frame: Frame) -> bytes:
    """Return the bytes of a frame. Raises ProtocolError if it, or an integer in it, is larger than the wire allows."""
    try:
        header = _json.encode(frame.header).encode("ascii")
    except ValueError as error:
        raise ProtocolError(f"it cannot be written as JSON: {error}") from error
    _check_sizes(len(header), len(frame.block))
    return PREFIX.pack(len(header), len(frame.block)) + header + frame.block


def read_frame(read_exactly: Callable[[int], bytes]) -> Frame:
    """Read one frame through `read_exactly(count)`. Raises ProtocolError for anything that is not one."""
    prefix = read_exactly(PREFIX.size)
    header_bytes, block_bytes = PREFIX.unpack(prefix)
    _check_sizes(header_bytes, block_bytes)
    text = read_exactly(header_bytes)
    try:
        header, end = _read_json(text.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the header is not JSON: {type(error).__name__}") from error
    if not isinstance(header, dict) or end != header_bytes:
        raise ProtocolError("the header is not a JSON object")
    block = read_exactly(block_bytes) if block_bytes else b""
    return Frame(header, block, prefix + text + block)


def _check_sizes(header_bytes: int, block_bytes: int) -> None:
    if header_bytes > MAX_HEADER_BYTES or block_bytes > MAX_BLOCK_BYTES:
        raise ProtocolError(
            f"a message of {header_bytes} + {block_bytes} bytes is larger than {MAX_HEADER_BYTES} + {MAX_BLOCK_BYTES}"
        )
