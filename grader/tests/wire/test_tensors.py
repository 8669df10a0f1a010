"""Tensors on the wire: they come back as they were, and no block is believed."""

import json
from typing import Any

import pytest
import torch

from grader.tests.conftest import refuse_handle
from grader.wire.codec import Decoder, Encoder
from grader.wire.frames import ProtocolError
from grader.wire.tensors import ALIGNMENT, MAX_TENSORS, TensorReader, describe_tensor, pack_tensors


def cross(value: Any) -> Any:
    """Encode and decode a value with its tensors."""
    encoder = Encoder(refuse_handle)
    data = json.loads(json.dumps(encoder.encode(value)))
    return Decoder(encoder.pack_tensors(), refuse_handle, lambda tensor, body: tensor).decode(data)


def read_all(block: bytes, *bodies: dict[str, Any]) -> list[torch.Tensor]:
    """All tensors of a block."""
    reader = TensorReader(block)
    tensors = [reader.read(body) for body in bodies]
    reader.check_used_up()
    return tensors


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
    "conjugate": torch.tensor([1 + 2j]).conj(),
    "negative": torch.tensor([1 + 2j]).conj().imag,
    "small half": torch.tensor(1.5, dtype=torch.bfloat16),
    "void": torch.zeros(3, 0, 2, dtype=torch.float16),
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
    data = encoder.encode(torch.ones(1, requires_grad=True))
    assert (data["grad"], data["device"]) == (True, "cpu")
    assert not read_all(encoder.pack_tensors(), data)[0].requires_grad


@pytest.mark.parametrize("indexes", [[0, 0], [1, 0], [0, 1, 2], [1]], ids=str)
def test_tensors_are_named_once_and_in_order(indexes: list[int]) -> None:
    """One tensor cannot be named again and again, nor one that is not there."""
    encoder = Encoder(refuse_handle)
    encoder.encode([torch.zeros(2), torch.zeros(3)])
    data = [{"$": "tensor", "i": index, "device": "cpu", "dtype": "float32", "shape": [2]} for index in indexes]
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
    ("body", "size"),
    [
        ({}, 4),
        ({"dtype": "float32"}, 4),
        ({"dtype": "float32", "shape": 1}, 4),
        ({"dtype": "float32", "shape": [1.0]}, 4),
        ({"dtype": "float32", "shape": [True]}, 4),
        ({"dtype": "float32", "shape": [-1]}, 4),
        ({"dtype": "float32", "shape": [2]}, 4),
        ({"dtype": "float32", "shape": [2**62, 2**62]}, 4),
        ({"dtype": "float32", "shape": [2**80, 0]}, 0),
        ({"dtype": "float32", "shape": [1] * 65}, 4),
        ({"dtype": "float32", "shape": [1]}, 5),
        ({"dtype": "object", "shape": [1]}, 8),
        ({"dtype": ["float32"], "shape": [1]}, 4),
        ({"dtype": "qint8", "shape": [1]}, 1),
    ],
    ids=str,
)
def test_a_forged_tensor_is_refused(body: dict[str, Any], size: int) -> None:
    """Anything but the exact output of the encoder raises ProtocolError and nothing else."""
    with pytest.raises(ProtocolError):
        read_all(bytes(size), body)


def test_the_number_of_tensors_is_capped() -> None:
    """Reading each, however small, costs the examiner its time."""
    reader = TensorReader(b"")
    body = {"dtype": "float32", "shape": [0]}
    for _ in range(MAX_TENSORS):
        reader.read(body)
    with pytest.raises(ProtocolError, match="one too many"):
        reader.read(body)


def test_a_tensor_of_another_kind_is_refused() -> None:
    """It has no plain values that could travel."""
    with pytest.raises(ProtocolError, match="type float8_e4m3fnuz"):
        describe_tensor(torch.zeros(1, dtype=torch.float8_e4m3fnuz))


def test_every_tensor_starts_where_those_of_torch_do() -> None:
    """Kernels may round otherwise where the values start elsewhere."""
    tensors = [torch.ones(3, dtype=torch.bool), torch.ones(5), torch.ones(2, 2)]
    arrived = read_all(pack_tensors(tensors), *map(describe_tensor, tensors))
    assert [tensor.data_ptr() % ALIGNMENT for tensor in arrived] == [0, 0, 0]
