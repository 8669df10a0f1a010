"""Messages: each kind comes back as itself; a field too few, too many or of a wrong type is refused."""

import inspect
from typing import Any

import pytest

from grader.model.verdict import Verdict
from grader.tests.conftest import refuse_handle
from grader.wire import messages
from grader.wire.codec import Decoder, Encoder
from grader.wire.frames import Frame, ProtocolError
from grader.wire.messages import (
    Backward,
    Begin,
    Call,
    Define,
    Done,
    Get,
    Gradients,
    Load,
    Loaded,
    Message,
    Put,
    Raised,
    pack_message,
    unpack_message,
)

ONE_OF_EACH = [
    Load("x = 1\n", "probe", ["left", "over"]),
    Begin(5),
    Get(0, "name"),
    Put(11, "name", (1, None)),
    Call(0, "", [1, "two", b"3"], {"key": {"a": 1.5}}),
    Define("Stand", "class Stand: ..."),
    Backward(3, {0: 1.0}),
    Gradients(12),
    Loaded([[["f"], "NameError", "no x", 3]]),
    Done({"a": [1, (2, 3)]}),
    Raised("ValueError", "no", [[3, "f"]]),
]


def unpack(header: Any) -> Message:
    """Read a message that names no tensor."""
    return unpack_message(Frame(header), Decoder(b"", lambda body: body, lambda tensor, body: tensor))


@pytest.mark.parametrize("message", ONE_OF_EACH, ids=lambda message: type(message).__name__)
def test_a_message_comes_back_as_itself(message: Message) -> None:
    """Packed and unpacked, a message is equal."""
    assert unpack(pack_message(message, 4, Encoder(refuse_handle)).header) == message


def test_every_kind_is_tried() -> None:
    """The list above misses no kind of message."""
    assert {type(message) for message in ONE_OF_EACH} == set(Message.__args__)


def test_no_message_carries_a_verdict() -> None:
    """No field could bring a verdict or a score out of the jail."""
    fields = {name for kind in Message.__args__ for name in inspect.signature(kind).parameters}
    assert not fields & {"verdict", "score", "points", "passed", "status", *Verdict}


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"op": "Done"},
        {"op": "Done", "body": None},
        {"op": "Done", "body": []},
        {"op": "Done", "body": {}},
        {"op": "Done", "body": {"value": 1, "verdict": "passed"}},
        {"op": "Finished", "body": {"value": 1}},
        {"op": "Frame", "body": {}},
        {"op": ["Done"], "body": {"value": 1}},
        {"op": None, "body": {"value": 1}},
        {"op": "Raised", "body": {"kind": 1, "message": "", "lines": []}},
        {"op": "Raised", "body": {"kind": "E", "message": None, "lines": []}},
        {"op": "Raised", "body": {"kind": "E", "message": "", "lines": "none"}},
        {"op": "Raised", "body": {"kind": "E", "message": "", "lines": {"$": "tuple", "v": []}}},
        {"op": "Loaded", "body": {"failures": {"$": "dict", "v": []}}},
        {"op": "Begin", "body": {"seed": "1"}},
        {"op": "Begin", "body": {"seed": True}},
        {"op": "Begin", "body": {"seed": 1.0}},
        {"op": "Call", "body": {"target": 0, "name": "", "args": [], "kwargs": []}},
    ],
)
def test_a_message_of_another_form_is_refused(header: Any) -> None:
    """A kind, a field or a type that is not in the protocol is refused."""
    with pytest.raises(ProtocolError):
        unpack(header)


def test_an_exception_of_an_older_recording_has_no_shapes() -> None:
    """Recordings outlive versions; every other field must be there."""
    body = {"kind": "E", "message": "", "lines": [], "bases": []}
    assert unpack({"op": "Raised", "body": body}) == Raised("E", "", [])
    with pytest.raises(ProtocolError):
        unpack({"op": "Raised", "body": {"kind": "E", "message": "", "lines": []}})


def test_an_unknown_kind_is_not_looked_up() -> None:
    """Only classes of the protocol can be named, not the other names of the module."""
    names = [name for name in vars(messages) if name not in {kind.__name__ for kind in Message.__args__}]
    for name in names:
        with pytest.raises(ProtocolError, match="unknown kind"):
            unpack({"op": name, "body": {}})
