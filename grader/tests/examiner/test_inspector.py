"""The answer of a child that inspected a source: equal to what this process finds, and never more than a claim."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest

from grader.examiner import inspector
from grader.examiner.fragments import split_source
from grader.examiner.inspection import inspect_source
from grader.examiner.inspector import inspect_submission, list_fragments
from grader.examiner.source_findings import Oddity, Rules, SharedFunction, Unclear, Use
from grader.examiner.stubs import Stub
from grader.model.assignment import Todo
from grader.model.errors import SubmissionRefused
from grader.model.submission import Origin, Submission
from grader.sandbox.isolation import Isolation
from grader.sandbox.reader import ConfinedReader

TODO = Todo(id="attend", title="Attend", points=1, where=("attend",), forbid=("math.sqrt",))
RULES = Rules((TODO,), "import math\n\n\ndef attend(q):\n    return q\n", ("attend", "attend.later"))
SOURCE = """\
import ctypes
import math as m
from math import sqrt as root
def attend(q, k: int = 1):
    FIXME("other")
    return vars(m)["sq" + q](k), root(k)
"""
FOUND = inspect_source(SOURCE, RULES)


def make_submission(source: str = SOURCE) -> Submission:
    """A submission of one file."""
    return Submission(id="1", student="kim", source=source, origins=((1, Origin("m.py", None, 1)),))


@pytest.fixture(scope="module")
def confined() -> Iterator[ConfinedReader]:
    """A reader behind bubblewrap."""
    opened = ConfinedReader(Isolation.BWRAP)
    yield opened
    opened.close()


def test_it_finds_what_is_found_without_a_wall(confined: ConfinedReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbidden names by way of the objects of this process, stubs, signatures and odd code; and fragments."""
    monkeypatch.setattr(inspector, "open_reader", lambda isolation: confined)
    assert FOUND.uses == {"attend": Use("math.sqrt", 3)} and FOUND.stubs and FOUND.oddities and FOUND.signatures
    assert inspect_submission(make_submission(), RULES, Isolation.BWRAP) == FOUND
    assert list_fragments(SOURCE, Isolation.BWRAP) == split_source(SOURCE)


def test_source_that_is_too_deep_is_refused(confined: ConfinedReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The student reads a sentence."""
    monkeypatch.setattr(inspector, "open_reader", lambda isolation: confined)
    with pytest.raises(SubmissionRefused, match="nested too deeply"):
        list_fragments("x = " + "+".join(["y"] * 5000), Isolation.BWRAP)


class Liar:
    """A reader whose child says what it likes."""

    def __init__(self, reply: bytes) -> None:
        self.reply = reply

    def ask(self, *_: Any, **__: Any) -> bytes:
        """Return the lie."""
        return self.reply


LIES = {
    "an unknown todo": replace(FOUND, uses={"other": Use("math.sqrt", 1)}),
    "another name": replace(FOUND, uses={"attend": Use("<script>", 1)}),
    "a line beyond the end": replace(FOUND, oddities=(Oddity("x", 8),)),
    "a line before the beginning": replace(FOUND, unclear=(Unclear("attend", "x", -1),)),
    "many oddities": replace(FOUND, oddities=(Oddity("x", 1),) * 21),
    "a long text": replace(FOUND, unclear=(Unclear("attend", "x" * 1001, 1),)),
    "a stub where none is": replace(FOUND, stubs=(Stub("attend", 4, 4, 0, 5),)),
    "a stub beyond the end": replace(FOUND, stubs=(Stub("attend", 9, 9, 0, 5),)),
    "a function that no TODO shares": replace(FOUND, functions={"attend": SharedFunction(1, 2, (), {})}),
    "another signature": replace(FOUND, signatures={"forged": "x"}),
    "a negative count": replace(FOUND, more_oddities=-1),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_finding_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """No answer of a child that was taken over has any effect but a refusal."""
    monkeypatch.setattr(inspector, "open_reader", lambda isolation: Liar(json.dumps(asdict(LIES[kind])).encode()))
    with pytest.raises(SubmissionRefused, match="cannot be used"):
        inspect_submission(make_submission(), RULES, Isolation.BWRAP)


@pytest.mark.parametrize(
    "reply", [b"", b"[]", b"\xff", b'{"uses": 1}', b'{"x": {"function": "f", "first": 1, "end": 2}}']
)
def test_a_reply_of_another_form_is_refused(monkeypatch: pytest.MonkeyPatch, reply: bytes) -> None:
    """No traceback, and no fault of the grader."""
    monkeypatch.setattr(inspector, "open_reader", lambda isolation: Liar(reply))
    with pytest.raises(SubmissionRefused):
        list_fragments(SOURCE, Isolation.BWRAP)
