"""Replies that are sound frames but no answers: the examiner believes none of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from grader.examiner.proxy import RemoteObject
from grader.examiner.session import SubmissionSession
from grader.model.assignment import Assignment, Description, Todo
from grader.model.submission import Submission
from grader.model.verdict import SubmissionError, Verdict
from grader.tests.conftest import refuse_handle
from grader.wire.codec import Encoder
from grader.wire.frames import Frame
from grader.wire.messages import Done, Get, pack_message


class ScriptedChannel:
    """A fake channel: every question gets the same header, with or without the right number."""

    def __init__(self, header: dict[str, Any]) -> None:
        self.header = header
        self.closed = False
        self.peak_kb = 0

    def start_test(self) -> bool:
        """Nothing to start."""
        return True

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """The scripted answer, to each of them."""
        return [Frame({"seq": frame.header["seq"], **self.header}) for frame in frames]

    def read_cpu_seconds(self) -> float:
        """No time passes."""
        return 0.0

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def examine(header: dict[str, Any]) -> SubmissionSession:
    """A subject whose submission answers so."""
    todo = Todo(id="t", title="a TODO", points=100, where=("f",))
    assignment = Assignment(name="a", root=Path(), description=Description(title="A", module="m.py", todo=(todo,)))
    return SubmissionSession(Submission("id", "student"), assignment, ScriptedChannel(header), devices={"cpu"})


def answer(value: Any) -> dict[str, Any]:
    """The header of a `Done` with this encoded value."""
    return {"op": "Done", "body": {"value": value}}


def test_a_sound_reply_is_taken() -> None:
    """The fake is believed when it keeps to the protocol."""
    assert examine(answer([1, "two"])).request(Get(0, "x")) == [1, "two"]


@pytest.mark.parametrize(
    "header",
    [
        {**answer(1), "seq": 99},
        {**answer(1), "seq": None},
        {**answer(1), "seq": "1"},
        {"op": "Done", "body": {"value": 1, "verdict": "passed"}},
        {"verdict": "passed", "score": 100},
        {"error": "SystemError: grader_fault"},
        {"ready": True},
        pack_message(Get(0, "x"), 1, Encoder(refuse_handle)).header,
        {"op": "Loaded", "body": {"failures": []}},
        answer({"$": "handle"}),
        answer({"$": "handle", "id": "1", "type": "x"}),
        answer({"$": "handle", "id": True, "type": "x"}),
        answer({"$": "handle", "id": 1, "type": ["x"]}),
        answer({"$": "tensor", "i": 0, "device": "cpu"}),
        answer({"$": "pickle", "v": "80049502"}),
    ],
    ids=str,
)
def test_anything_else_is_malformed(header: dict[str, Any]) -> None:
    """A reply out of turn, of another kind, or with a handle or tensor that is none is the submission's doing."""
    with pytest.raises(SubmissionError) as caught:
        examine(header).request(Get(0, "x"))
    assert caught.value.verdict is Verdict.MALFORMED_REPLY


def test_after_nonsense_the_child_is_given_up() -> None:
    """A submission that broke the protocol once is not asked again: the channel is closed."""
    subject = examine({**answer(1), "seq": 99})
    with pytest.raises(SubmissionError):
        subject.request(Get(0, "x"))
    assert isinstance(subject.channel, ScriptedChannel) and subject.channel.closed


def test_a_handle_is_only_ever_a_handle() -> None:
    """For an object of any claimed type the examiner holds a proxy and nothing of that type."""
    remote = examine(answer({"$": "handle", "id": 12, "type": "bool"})).request(Get(0, "x"))
    assert type(remote) is RemoteObject and repr(remote) == "<bool in the jail>"


def test_a_reply_is_packed_as_it_is_read() -> None:
    """The fake's spelling of a reply is the protocol's own."""
    assert pack_message(Done([1]), 1, Encoder(refuse_handle)).header == {"seq": 1, **answer([1])}
