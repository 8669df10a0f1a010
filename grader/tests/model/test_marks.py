"""The marks of a test, from pytest or from a syntax tree."""

import pytest

from grader.model.errors import BrokenSuite
from grader.model.marks import Mark, TestMarks, read_marks, read_todo

TODO = Mark("todo", ("score",), {"weight": 4})


def test_marks_of_a_hidden_test():
    """TODO, weight, category, and the visibility that is meant where none is given."""
    assert read_marks([TODO, Mark("parity")], where="t") == TestMarks("score", 4.0, "parity", "after_due")


def test_the_nearest_visibility_counts():
    """One of a test overrides one of its module."""
    marks = [Mark("visibility", ("hidden",)), TODO, Mark("shape"), Mark("visibility", ("visible",))]
    assert read_marks(marks, where="t").visibility == "hidden"


def test_a_gate_is_marked_beside_its_category():
    """It is no category of its own."""
    assert read_marks([TODO, Mark("gate"), Mark("parity")], where="t").is_gate
    assert not read_marks([TODO, Mark("parity")], where="t").is_gate


def test_marks_of_others_are_no_concern():
    """Such as pytest's own."""
    assert read_marks([Mark("parametrize", ("x", [1])), TODO, Mark("gpu")], where="t").category == "gpu"


@pytest.mark.parametrize(
    ("marks", "complaint"),
    [
        ([Mark("parity")], "mark it once"),
        ([Mark("todo", ("score",)), Mark("parity")], "its todo mark needs weight=N"),
        ([Mark("todo", ("score",), {"weight": "4"}), Mark("parity")], "its todo mark needs weight=N"),
        ([Mark("todo", ("score",), {"weight": -1}), Mark("parity")], "its todo mark needs weight=N"),
        ([Mark("todo", ("score",), {"weight": float("nan")}), Mark("parity")], "its todo mark needs weight=N"),
        ([Mark("todo", ("score",), {"points": 4}), Mark("parity")], "is now called `weight`"),
        ([TODO], "one category"),
        ([TODO, Mark("parity"), Mark("shape")], "one category"),
        ([TODO, Mark("policy")], "one category"),
        ([TODO, TODO, Mark("parity")], "mark it once"),
        ([Mark("todo", (), {"weight": 4}), Mark("parity")], "mark it once"),
        ([TODO, Mark("parity"), Mark("visibility", ("secret",))], "its visibility must be one of"),
        ([TODO, Mark("parity"), Mark("visibility")], "its visibility must be one of"),
    ],
)
def test_wrong_marks_are_refused(marks: list[Mark], complaint: str):
    """With the test's name, and what is wrong."""
    with pytest.raises(BrokenSuite, match=rf"^test_x: .*{complaint}"):
        read_marks(marks, where="test_x")


def test_a_public_test_needs_a_todo_only():
    """Exactly one."""
    assert read_todo([Mark("shape"), Mark("todo", ("score",))], where="t") == "score"
    for marks in ([], [TODO, TODO], [Mark("todo", ("a", "b"))]):
        with pytest.raises(BrokenSuite, match=r"^t: mark it once"):
            read_todo(marks, where="t")
