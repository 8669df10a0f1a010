"""The verdict and the sentence for an exception of a submission."""

import ast
import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from grader.examiner.explain import RaiseContext, describe_place, explain_exception, find_spans, list_signatures
from grader.examiner.stubs import list_stubs
from grader.model.submission import Origin, Submission
from grader.model.verdict import SubmissionError, Verdict
from grader.wire.messages import Call, Get, Raised, Request

SOURCE = """\
def FIXME(todo):
    raise NotImplementedError(f"open: {todo}")


def score(q, k):
    return FIXME("luong.score")


def weigh(q):
    return FIXME(
        "luong.weights"
    )


def broken(q):
    todo = "x"
    return FIXME(todo)
"""
NOTHING: Mapping[str, Any] = MappingProxyType({})
LAST = SOURCE.count("\n") + 1


SCORE = Get(0, "score")


def make_submission(source: str, missing: Mapping[str, str]) -> Submission:
    """A submission of one file."""
    return Submission("id", "kim", source=source, origins=((1, Origin("m.py", None, 1)),), missing=missing)


def explain(
    raised: Raised,
    request: Request = SCORE,
    *,
    signatures: Mapping[str, inspect.Signature] = NOTHING,
    failures: Mapping[str, str] = NOTHING,
    missing: Mapping[str, str] = NOTHING,
) -> SubmissionError:
    """Explain what the sample raised."""
    context = RaiseContext(
        make_submission(SOURCE, missing),
        signatures,
        failures,
        stubs=list_stubs(ast.parse(SOURCE)),
        declared=list_signatures(ast.parse(SOURCE), signatures),
    )
    return explain_exception(raised, request, context)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([[6, "score"], [2, "FIXME"]], "TODO luong.score is not filled in"),
        ([[6, "score"], [10, "weigh"], [2, "FIXME"]], "TODO luong.weights is not filled in"),
        ([[11, "weigh"], [2, "FIXME"]], "TODO luong.weights is not filled in"),
        ([[17, "broken"], [2, "FIXME"]], "a FIXME is still in the code"),
        ([[2, "FIXME"]], "a FIXME is still in the code"),
    ],
)
def test_an_open_stub_is_known_by_its_place(lines: list, message: str):
    """The function that raised and the line that called it decide; the words of the exception do not matter."""
    error = explain(Raised("NotImplementedError", "anything", lines))
    assert (error.verdict, error.message) == (Verdict.UNFILLED, message)


def test_words_alone_are_no_open_stub():
    """Code that only says that it is open has raised."""
    error = explain(Raised("NotImplementedError", "TODO luong.score is not filled in", [[5, "score"]]))
    assert error.verdict is Verdict.RAISED


def test_an_undefined_sentinel_is_an_open_todo():
    """In the original lab nothing defines `FIXME`; any other name is an ordinary error."""
    error = explain(Raised("NameError", "name 'FIXME' is not defined", [[6, "score"]]))
    assert (error.verdict, error.message) == (Verdict.UNFILLED, "TODO luong.score is not filled in")
    assert explain(Raised("NameError", "name 'FIXED' is not defined", [[6, "score"]])).verdict is Verdict.RAISED
    assert explain(Raised("KeyError", "name 'FIXME' is not defined", [[6, "score"]])).verdict is Verdict.RAISED


@pytest.mark.parametrize(
    ("raised", "verdict"),
    [
        (Raised("UnsendableReply", "x", []), Verdict.MALFORMED_REPLY),
        (Raised("MemoryError", "", []), Verdict.OUT_OF_MEMORY),
        (Raised("RuntimeError", "DefaultCPUAllocator: can't allocate memory", []), Verdict.OUT_OF_MEMORY),
        (Raised("SystemExit", "0", []), Verdict.CRASHED),
        (Raised("PermissionError", "[Errno 1] Operation not permitted", []), Verdict.FORBIDDEN),
        (Raised("OSError", "[Errno 2] No such file", []), Verdict.RAISED),
        (Raised("ValueError", "x", []), Verdict.RAISED),
    ],
)
def test_verdicts_of_what_is_raised(raised: Raised, verdict: Verdict):
    """The type decides; the system's and torch's own words only where no type does."""
    assert explain(raised).verdict is verdict


def test_the_type_and_the_line_are_kept():
    """Callers need not look into the message."""
    error = explain(Raised("StopIteration", "", [[5, "score"], [6, "score"]]))
    assert (error.exception_type, error.line) == ("StopIteration", 6)
    assert (explain(Raised("TypeError", "", [])).exception_type, explain(Raised("TypeError", "", [])).line) == (
        "TypeError",
        0,
    )


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ([["q", [3, 8]], ["k", []], ["hidden", [5]]], "q 3x8, k scalar"),
        ([["q", ["3"]], ["q"], "q", ["q", 3], [1, [2]], ["q", [True]]], ""),
    ],
)
def test_shapes_of_the_names_on_the_line_are_kept(shapes: list, words: str):
    """Others say nothing of this line; what has another form is no shape."""
    raised = Raised("RuntimeError", "size mismatch", [[5, "score"]], shapes=shapes)
    assert explain(raised).shapes == words
    assert explain(Raised("RuntimeError", "size mismatch", [], shapes=shapes)).shapes == ""


@pytest.mark.parametrize(
    ("name", "span"),
    [
        ("score", (5, 6)),
        ("weigh", (9, 12)),
        ("A.f", (2, 4)),
        ("A", (1, 4)),
        ("x", None),
        ("A.g", None),
        ("nobody", None),
    ],
)
def test_spans_are_the_lines_of_definitions(name: str, span: tuple[int, int] | None):
    """With their decorators; a value is no definition."""
    source = (
        SOURCE if name in ("score", "weigh") else "class A:\n    @property\n    def f(self):\n        pass\nx = 1\n"
    )
    assert find_spans(ast.parse(source), [name]) == ({name: span} if span else {})


@pytest.mark.parametrize("lines", [[[0, "f"]], [[LAST + 1, "f"]], [["6", "f"]], [[6]], ["6"], [None], [[-1, "f"]]])
def test_lines_that_the_source_does_not_have_are_no_place(lines: list):
    """They are claims of the jail."""
    error = explain(Raised("ValueError", "x", lines))
    assert (error.message, error.line) == ("ValueError: x", 0)


def test_the_last_line_of_a_source_is_a_place():
    """Also when it is empty, and when the text has other line breaks than newlines."""
    submission = make_submission("x = '\x0c'\ny = 1\n", {})
    assert describe_place(2, "f", submission).endswith("`y = 1`)")
    assert describe_place(3, "f", submission).endswith("``)")
    assert describe_place(4, "f", submission) == ""


def test_a_wrong_call_shows_both_signatures():
    """A TypeError without a line of the submission's was raised by the call itself."""
    signatures = {"score": inspect.Signature([inspect.Parameter("h", inspect.Parameter.POSITIONAL_OR_KEYWORD)])}
    error = explain(
        Raised("TypeError", "score() missing 1 required positional argument: 'k'", []),
        Call(0, "score", [1], {}),
        signatures=signatures,
    )
    assert error.message.endswith("; expected score(h), found score(q, k)")


def test_a_missing_name_is_explained():
    """The message says what became of the statement that defines the name."""
    raised = Raised("NameError", "name 'seen' is not defined", [[6, "score"]])
    assert explain(raised, failures={"seen": "ZeroDivisionError"}).message.endswith(
        "; 'seen' could not be defined: ZeroDivisionError"
    )
    assert explain(raised, missing={"seen": "it was not run"}).message.endswith("; it was not run")


def test_a_method_of_nearly_the_right_name_is_named():
    """Not one that the skeleton has as well."""
    source = "class Net:\n    def forward(self):\n        pass\n\n    def forwardStep(self):\n        pass\n"
    nothing = inspect.Signature()
    context = RaiseContext(make_submission(source, NOTHING), {"Net.forward": nothing, "Net.forward_step": nothing}, {})
    raised = Raised("AttributeError", "'Net' object has no attribute 'forward_step'", [])
    message = explain_exception(raised, Call(1, "forward_step", [], {}), context).message
    assert message.endswith("; the nearest is 'forwardStep': restore the skeleton's name")
