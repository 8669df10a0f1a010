"""Tensors on the wire: they come back as they were, and no block is believed."""

import json
import struct
from typing import Any

import pytest
import torch

from grader.tests.conftest import refuse_handle
from grader.wire.codec import Decoder, Encoder, unpack_tensors
from grader.wire.frames import ProtocolError


def cross(value: Any) -> Any:
    """Encode and decode a value with its tensors."""
    encoder = Encoder(refuse_handle)
    data = json.loads(json.dumps(encoder.encode(value)))
    return Decoder(encoder.pack_tensors(), refuse_handle, lambda tensor, body: tensor).decode(data)


def pack_block(header: dict[str, Any], data: bytes = b"") -> bytes:
    """A safetensors block around any header."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


TENSORS = {
    "matrix": torch.arange(6.0).reshape(2, 3),
    "scalar": torch.tensor(3.5),
    "empty": torch.zeros(0, 4),
    "integers": torch.tensor([1, -(2**62)]),
    "flags": torch.tensor([True, False]),
    "half": torch.ones(2, dtype=torch.bfloat16),
    "double": torch.full((2,), 1 / 3, dtype=torch.float64),
    "transposed": torch.arange(6.0).reshape(2, 3).t(),
    "expanded": torch.ones(1, 3).expand(4, 3),
}


@pytest.mark.parametrize("tensor", TENSORS.values(), ids=TENSORS.keys())
def test_a_tensor_survives(tensor: torch.Tensor) -> None:
    """Values, shape and dtype are the same for every memory layout."""
    arrived = cross(tensor)
    assert arrived.dtype == tensor.dtype and arrived.shape == tensor.shape and torch.equal(arrived, tensor)


def test_values_that_are_no_numbers_survive() -> None:
    """nan and infinities arrive bit for bit."""
    tensor = torch.tensor([torch.nan, torch.inf, -torch.inf, -0.0])
    assert torch.equal(cross(tensor).view(torch.int32), tensor.view(torch.int32))


def test_one_tensor_twice_arrives_as_two() -> None:
    """Views that share memory are sent apart, so that nothing written to one shows in the other."""
    tensor = torch.zeros(3)
    first, second = cross([tensor, tensor[:2]])
    first += 1
    assert torch.equal(second, torch.zeros(2))


def test_tensors_keep_their_places_among_plain_values() -> None:
    """Tensors within dicts, tuples and lists come back where they were."""
    arrived = cross({"a": (torch.tensor(1), "x", [torch.tensor(2)]), "b": torch.tensor(3)})
    assert repr(arrived) == "{'a': (tensor(1), 'x', [tensor(2)]), 'b': tensor(3)}"


def test_a_gradient_is_announced() -> None:
    """A tensor that has a graph says so; the values travel detached."""
    encoder = Encoder(refuse_handle)
    assert encoder.encode(torch.ones(1, requires_grad=True)) == {"$": "tensor", "i": 0, "device": "cpu", "grad": True}
    assert not unpack_tensors(encoder.pack_tensors())[0].requires_grad


@pytest.mark.parametrize("indexes", [[0, 0], [1, 0], [0, 1, 2], [1]], ids=str)
def test_tensors_are_named_once_and_in_order(indexes: list[int]) -> None:
    """One tensor cannot be named again and again, nor one that is not there."""
    encoder = Encoder(refuse_handle)
    encoder.encode([torch.zeros(2), torch.zeros(3)])
    data = [{"$": "tensor", "i": index, "device": "cpu"} for index in indexes]
    with pytest.raises(ProtocolError, match="not in the block"):
        Decoder(encoder.pack_tensors(), refuse_handle, lambda tensor, body: tensor).decode(data)


@pytest.mark.parametrize("device", [None, 3, ["cpu"], {"a": 1}], ids=str)
def test_a_device_is_a_name(device: Any) -> None:
    """The lookup of a device gets a string."""
    encoder = Encoder(refuse_handle)
    encoder.encode(torch.zeros(2))
    with pytest.raises(ProtocolError, match="device"):
        Decoder(encoder.pack_tensors(), refuse_handle, lambda tensor, body: tensor).decode(
            {"$": "tensor", "i": 0, "device": device}
        )


@pytest.mark.parametrize(
    "block",
    [
        b"\x00",
        b"x" * 40,
        struct.pack("<Q", 2**63) + b"{}",
        pack_block({"0": 1}),
        pack_block({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
        pack_block({"0": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)),
        pack_block({"0": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 4]}}, bytes(4)),
        pack_block({"0": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, bytes(4)),
        pack_block({"0": {"dtype": "OBJECT", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
        pack_block({"0": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(4)),
        pack_block({"0": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(400)),
    ],
    ids=["short", "noise", "length", "form", "name", "shape", "overflow", "negative", "dtype", "offsets", "rest"],
)
def test_a_forged_block_is_refused(block: bytes) -> None:
    """A block that is not exactly what the encoder writes raises ProtocolError and nothing else."""
    with pytest.raises(ProtocolError):
        unpack_tensors(block)


def test_names_and_shapes_are_capped() -> None:
    """A block of nothing but entries is refused before it is read: reading each would cost the examiner its time."""
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    assert len(unpack_tensors(pack_block({str(number): entry for number in range(1000)}))) == 1000
    with pytest.raises(ProtocolError, match="names and shapes"):
        unpack_tensors(pack_block({str(number): entry for number in range(10_000)}))
    with pytest.raises(ProtocolError, match="names and shapes"):
        unpack_tensors(pack_block({"0": entry | {"shape": [1] * 200_000}}))
