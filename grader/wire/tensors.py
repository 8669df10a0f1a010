"""Tensors as bytes: the values of all tensors of a message in one block, their types and shapes in its JSON.

A reader believes nothing: a type is one of a table, and the sizes must fit the block exactly. Every tensor starts at a
multiple of 64 bytes, as torch's own do, since some kernels round otherwise elsewhere.
"""

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from grader.wire.frames import MAX_BLOCK_BYTES, ProtocolError

if TYPE_CHECKING:
    import torch

ALIGNMENT = 64
MAX_AXES = 64
# Each tensor is read at a cost that no submission is charged for.
MAX_TENSORS = 5000
# In the order of how common they are. Those that numpy lacks travel as the bytes that they consist of.
NAMES = "float32 int64 bool float64 int32 uint8 int8 int16 uint16 uint32 uint64 float16 complex64 complex128"
NAMES_WITHOUT_NUMPY = "bfloat16 float8_e4m3fn float8_e5m2"


def describe_tensor(tensor: "torch.Tensor") -> dict[str, Any]:
    """Return what the JSON says of a tensor's values. Raises ProtocolError for a type that cannot travel."""
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in _list_types():
        raise ProtocolError(f"a tensor of type {name} cannot be sent")
    return {"dtype": name, "shape": list(tensor.shape)}


def pack_tensors(tensors: "Sequence[torch.Tensor]") -> bytes:
    """Return the block of these tensors.

    Raises ProtocolError, before it takes memory, if the block would be larger than any message.
    """
    size = sum(tensor.nbytes for tensor in tensors)
    if size > MAX_BLOCK_BYTES:
        raise ProtocolError(f"tensors of {size} bytes are larger than {MAX_BLOCK_BYTES}")
    block = bytearray()
    for tensor in tensors:
        block += bytes(-len(block) % ALIGNMENT) + _read_bytes(tensor)
    return bytes(block)


class TensorReader:
    """Takes the tensors out of a block, one after another."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._position = 0
        self._buffer = bytearray()
        self._base = 0
        self.taken = 0

    def read(self, body: dict[str, Any]) -> "torch.Tensor":
        """Return the next tensor, which `body` describes. Raises ProtocolError if it is not there."""
        import torch

        name, shape = body.get("dtype"), body.get("shape")
        dtype = _list_types().get(name) if isinstance(name, str) else None
        if dtype is None:
            raise ProtocolError("a tensor of an unknown type")
        if not isinstance(shape, list) or len(shape) > MAX_AXES or any(type(s) is not int or s < 0 for s in shape):
            raise ProtocolError("a tensor without a shape")
        count = math.prod(shape)
        start = self._position + -self._position % ALIGNMENT
        end = start + count * dtype.itemsize
        if end > len(self._block) or self.taken == MAX_TENSORS:
            raise ProtocolError("a tensor that is not in the block, or one too many")
        self.taken += 1
        self._position = end
        try:
            if not count:
                return torch.empty(shape, dtype=dtype)
            if not self._buffer:
                self._fill_buffer()
            return torch.frombuffer(self._buffer, dtype=dtype, count=count, offset=self._base + start).reshape(shape)
        except (RuntimeError, OverflowError, TypeError) as error:
            raise ProtocolError(f"a tensor cannot be read: {type(error).__name__}") from error

    def check_used_up(self) -> None:
        """Raise ProtocolError if the block holds more than the tensors that were taken."""
        if self._position != len(self._block):
            raise ProtocolError("bytes that belong to no tensor")

    def _fill_buffer(self) -> None:
        import torch

        self._buffer = bytearray(len(self._block) + ALIGNMENT)
        self._base = -torch.frombuffer(self._buffer, dtype=torch.uint8).data_ptr() % ALIGNMENT
        self._buffer[self._base : self._base + len(self._block)] = self._block


def _read_bytes(tensor: "torch.Tensor") -> bytes:
    import torch

    if str(tensor.dtype).removeprefix("torch.") in NAMES_WITHOUT_NUMPY.split():
        tensor = tensor.detach().cpu().reshape(-1).view(torch.uint8)
    values: bytes = tensor.numpy(force=True).tobytes()
    return values


@functools.cache
def _list_types() -> "dict[str, torch.dtype]":
    import torch

    return {name: getattr(torch, name) for name in f"{NAMES} {NAMES_WITHOUT_NUMPY}".split()}
