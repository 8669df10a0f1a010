"""The codec: what it writes it reads back, and what it would not have written it refuses."""

import enum
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.tests.conftest import decode_plain, reader_of, refuse_handle
from grader.wire.codec import MAX_DEPTH, MAX_KEY, MAX_NODES, Decoder, Encoder
from grader.wire.frames import Frame, ProtocolError, pack_frame, read_frame

quickly = settings(max_examples=60, database=None)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
keys = st.text() | st.booleans() | st.integers(1 - MAX_KEY, MAX_KEY - 1) | st.tuples(st.text(), st.integers(0, 99))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(keys, inner),
    max_leaves=20,
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["$", "v", "i", "id", "device", "x"]), inner),
    max_leaves=20,
)


class Level(enum.IntEnum):
    """An integer that is more than one."""

    HIGH = 3


class Loud(str):
    """A string that lies about itself."""

    def __str__(self) -> str:
        return "something else"


class Sly(float):
    """A float that lies about itself."""

    def __repr__(self) -> str:
        return "__import__('os')"


def encode(value: Any) -> Any:
    """Encode a value without handles or tensors."""
    return Encoder(refuse_handle).encode(value)


@quickly
@given(values)
def test_a_value_survives_the_whole_wire(value: Any) -> None:
    """Encoded, framed, read and decoded, every plain value is equal and of the same types."""
    frame = read_frame(reader_of(pack_frame(Frame({"value": encode(value)}))))
    assert repr(decode_plain(frame.header["value"])) == repr(value)


@quickly
@given(junk)
def test_arbitrary_json_is_decoded_or_refused(data: Any) -> None:
    """For any JSON the decoder returns a value or raises ProtocolError."""
    try:
        decode_plain(data)
    except ProtocolError:
        return


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_floats_that_json_lacks_survive(value: float) -> None:
    """nan and both infinities have a spelling of their own."""
    assert repr(decode_plain(encode(value))) == repr(value)


@pytest.mark.parametrize(
    ("value", "plain"), [(Level.HIGH, 3), (Loud("true"), "true"), (Sly(0.5), 0.5), (bytearray(b"x"), b"x")]
)
def test_a_subclass_is_sent_as_what_it_holds(value: Any, plain: Any) -> None:
    """Subclasses of plain types arrive as the plain type, even if their methods lie."""
    arrived = decode_plain(encode(value))
    assert arrived == plain and type(arrived) is type(plain)


def test_a_subclassed_float_frames_as_a_number() -> None:
    """A float's own `__repr__` never reaches the header."""
    assert b"import" not in pack_frame(Frame({"value": encode(Sly(0.5))}))


def test_half_a_surrogate_pair_becomes_a_mark() -> None:
    """A string that no file could hold arrives as one that can be written."""
    assert decode_plain("a\ud800b") == "a?b"


def test_anything_else_is_referred() -> None:
    """An object that is not plain becomes a handle with the body that `refer` gives."""
    encoder = Encoder(lambda value: {"id": 12, "type": type(value).__name__})
    assert encoder.encode([object()]) == [{"id": 12, "type": "object", "$": "handle"}]


def test_a_handle_cannot_disguise_its_kind() -> None:
    """The answer of `refer` never overrides that it is a handle."""
    assert Encoder(lambda value: {"$": "tensor"}).encode(object()) == {"$": "handle"}


def test_a_handle_is_resolved_by_the_receiver() -> None:
    """The decoder hands the whole body of a handle over, and takes what it is given."""
    decoder = Decoder(b"", lambda body: ("found", body["id"]), lambda tensor, body: tensor)
    assert decoder.decode({"$": "handle", "id": 7}) == ("found", 7)


def test_a_cycle_is_refused_by_the_encoder() -> None:
    """A list that contains itself is nested too deep."""
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ProtocolError, match="nested"):
        encode(loop)


def test_deep_nesting_is_refused_by_the_decoder() -> None:
    """Data nested deeper than the encoder would write is refused."""
    data: Any = None
    for _ in range(MAX_DEPTH + 2):
        data = [data]
    with pytest.raises(ProtocolError, match="nested too deep"):
        decode_plain(data)


def test_too_many_parts_are_refused() -> None:
    """The decoder stops counting, and reading, at its limit."""
    decoder = Decoder(b"", lambda body: body, lambda tensor, body: tensor)
    decoder.nodes = MAX_NODES - 10
    with pytest.raises(ProtocolError, match="too many parts"):
        decoder.decode([0] * 20)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"$": "object"},
        {"$": ["tuple"], "v": []},
        {"$": None},
        {"$": "tuple"},
        {"$": "tuple", "v": "ab"},
        {"$": "dict", "v": [[1]]},
        {"$": "dict", "v": [[1, 2, 3]]},
        {"$": "dict", "v": ["ab"]},
        {"$": "dict", "v": [[[1], 2]]},
        {"$": "float", "v": "1.5"},
        {"$": "float", "v": ["nan"]},
        {"$": "float"},
        {"$": "bytes", "v": "0g"},
        {"$": "bytes", "v": 3},
        {"$": "tensor", "i": 0, "device": "cpu"},
        {"$": "tensor", "i": -1, "device": "cpu"},
        {"$": "tensor", "i": True, "device": "cpu"},
        math.nan,
        math.inf,
        [1, {"$": "tuple", "v": [{"x": 1}]}],
    ],
)
def test_what_the_encoder_never_writes_is_refused(data: Any) -> None:
    """Unknown kinds, containers without lists, tensors without a block and bare non-finite floats are refused."""
    with pytest.raises(ProtocolError):
        decode_plain(data)


@pytest.mark.parametrize("key", [2**61 - 1, -MAX_KEY, {"$": "tuple", "v": [0, 2**61]}, {"$": "tuple", "v": [0.5]}])
def test_a_key_whose_hash_was_chosen_is_refused(key: Any) -> None:
    """Numbers that could be picked to share one hash, and make a dict quadratic, are no keys."""
    with pytest.raises(ProtocolError, match="key"):
        decode_plain({"$": "dict", "v": [[key, 0]]})
