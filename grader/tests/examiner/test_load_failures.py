"""A submission's account of its statements that did not load is a claim, checked before it is used."""

import pytest

from grader.examiner.load_failures import read_failures
from grader.model.submission import Origin, Submission
from grader.model.verdict import SubmissionError, Verdict
from grader.wire.messages import Loaded

SOURCE = "a = 1 / 0\nb = c = 1 / 0\n"
SUBMISSION = Submission("id", "kim", source=SOURCE, origins=((1, Origin("toy.py", None, 11)),))


def read(*failures):
    """Return the sentences of a load report."""
    return read_failures(Loaded(list(failures)), SOURCE, SUBMISSION)


def test_each_name_gets_the_reason_and_the_place():
    """In the student's own file."""
    found = read([["a"], "ZeroDivisionError", "division by zero", 1], [["b", "c"], "ZeroDivisionError", "again", 2])
    assert found == {
        "a": "ZeroDivisionError: division by zero (toy.py, line 11)",
        "b": "ZeroDivisionError: again (toy.py, line 12)",
        "c": "ZeroDivisionError: again (toy.py, line 12)",
    }


@pytest.mark.parametrize(
    "failure",
    [
        None,
        [],
        "abcd",
        ["a", "E", "m", 1],
        [["a", 1], "E", "m", 1],
        [["a"], 1, "m", 1],
        [["a"], "E", None, 1],
        [["a"], "E", "m", True],
        [["a"], "E", "m", 0],
        [["a"], "E", "m", -5],
        [["a"], "E", "m", 1.0],
        [["a"], "E", "m", 10**5000],
        [["a"], "E", "m", 1, 2],
        [["a"], "E", "m"],
    ],
)
def test_a_malformed_report_is_a_malformed_reply(failure):
    """It is never an error of the test, nor of the grader."""
    with pytest.raises(SubmissionError) as caught:
        read([["a"], "E", "m", 1], failure)
    assert caught.value.verdict is Verdict.MALFORMED_REPLY


def test_more_failures_than_statements_are_malformed():
    """A submission cannot make the grader keep as many as it likes."""
    with pytest.raises(SubmissionError):
        read(*[[["a"], "E", "m", 1]] * (len(SOURCE) + 1))


def test_long_texts_are_cut():
    """Each test that asks for the name repeats them."""
    (sentence,) = read([["a"], "E" * 100_000, "m" * 100_000, 1]).values()
    assert len(sentence) < 1500
