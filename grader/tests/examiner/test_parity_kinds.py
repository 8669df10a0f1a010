"""`assert_parity` for arrays, and for values of Python that are neither numbers nor text."""

import datetime
import enum
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pytest

from grader.examiner.likeness import measure_likeness
from grader.examiner.mismatch import Mismatch
from grader.examiner.parity import MAX_GENERATED, assert_parity, assert_shape, assert_unchanged
from grader.model.errors import BrokenSuite
from grader.tests.examiner.test_parity import read_mismatch

DAYS = np.array(["2026-01-01", "NaT"], dtype="datetime64[D]")


@dataclass
class Point:
    """A record of a course's own."""

    x: float
    name: str
    note: str = field(default="", compare=False)


class Colour(enum.Enum):
    """A choice that is no number."""

    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    """A choice that is a number, and arrives as one."""

    LOW = 1


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (np.array([1.0, 2.0]) + 1e-12, np.array([1.0, 2.0])),
        (np.array([np.nan, 1.0]), np.array([np.nan, 1.0])),
        (np.array(["a", "bc"], dtype=object), np.array(["a", "bc"])),
        (np.array([1 + 1j]), np.array([1 + 1j])),
        (
            np.array(["2026-01-01", "NaT"], dtype="datetime64[D]"),
            np.array(["2026-01-01", "NaT"], dtype="datetime64[D]"),
        ),
        (0.5, np.float64(0.5)),
        (3, np.int64(3)),
        ({1, 2}, {2, 1}),
        (frozenset("ab"), {"a", "b"}),
        (1.0 + 1e-9j, 1.0 + 0j),
        (float("nan"), float("nan")),
        (datetime.date(2026, 1, 1), datetime.date(2026, 1, 1)),
        (Decimal("1.5"), Decimal("1.50")),
        (b"ab", b"ab"),
        (range(3), range(3)),
        (iter([1, 2]), (number for number in (1, 2))),
        (Point(1.0, "a", "one"), Point(1.0 + 1e-9, "a", "other")),
        (Colour.RED, Colour.RED),
        (1, Level.LOW),
        (ValueError("x"), ValueError("x")),
    ],
)
def test_value_that_is_the_same_is_accepted(actual, expected):
    """Numbers up to rounding, everything else exactly."""
    assert_parity(actual, expected, what="it")


@pytest.mark.parametrize(
    ("actual", "expected", "message"),
    [
        ([1.0], np.array([1.0]), "it: expected an array, found a list"),
        (np.zeros((2, 1)), np.zeros((1, 2)), "it: the shape is [2, 1], expected [1, 2]"),
        (np.zeros(2, dtype=np.float32), np.zeros(2), "it: the dtype is float32, expected float64"),
        (np.array([1.0, 3.0]), np.array([1.0, 4.0]), "it: 1 of 2 values differ, the first at [1]"),
        (np.array(["a", "b"]), np.array(["a", "c"]), "it: 1 of 2 values differ, the first at [1]"),
        ([1, 2], {1, 2}, "it: expected a set, found a list"),
        ({1, 9}, {1, 2, 3}, "it: the members differ: 2 missing, 1 too many"),
        ("1", 1j, "it: expected a number, found a str"),
        (datetime.date(2026, 1, 2), datetime.date(2026, 1, 1), "it: a date is not what was expected"),
        (5, iter([1]), "it: expected values one by one, found a int"),
        (iter(range(MAX_GENERATED + 1)), iter([1]), "it: it gives more than 100000 values"),
        ((1.0, "a"), Point(1.0, "a"), "it: expected a Point, found a tuple"),
        (Point(1.0, "b"), Point(1.0, "a"), "it.name: a str is not what was expected"),
        (Colour.BLUE, Colour.RED, "it.name: a str is not what was expected"),
        (KeyError("x"), ValueError("x"), "it: expected a ValueError, found a KeyError"),
        (ValueError("y"), ValueError("x"), "it.args[0]: a str is not what was expected"),
    ],
)
def test_value_that_differs_is_described(actual, expected, message):
    """The message names the kind of the value and the place of the difference, never the expected value."""
    assert read_mismatch(actual, expected).message.replace("result", "it") == message


@pytest.mark.parametrize("expected", [print, Point, object()])
def test_value_that_cannot_be_compared_is_the_tests_fault(expected):
    """A right answer must not lose a point by it."""
    with pytest.raises(BrokenSuite, match="assert_parity cannot compare"):
        assert_parity(expected, expected, what="it")


@pytest.mark.parametrize(
    ("actual", "expected", "likeness"),
    [
        (np.arange(6.0) * 3 + 1, np.arange(6.0), 1.0),
        (np.zeros(6), np.arange(6.0), 0.0),
        ({1, 2, 3}, {2, 3, 4}, 0.5),
        (set(), {1}, 0.0),
        (datetime.date(2026, 1, 1), datetime.date(2026, 1, 1), 1.0),
        (Point(0.0, "zz"), Point(5.0, "ab"), 1 / 3),
        (2 + 0j, 2.1 + 0j, 1.0),
    ],
)
def test_likeness_of_other_kinds(actual, expected, likeness):
    """A gate measures them as it measures tensors and lists."""
    assert measure_likeness(actual, expected) == pytest.approx(likeness)


def test_arrays_have_shapes_and_may_not_be_changed():
    """`assert_shape` and `assert_unchanged` take arrays as they take tensors."""
    assert_shape(np.zeros((2, 3)), (2, 3), what="it")
    with pytest.raises(Mismatch, match="it was changed by the call"):
        assert_unchanged(np.zeros(2), np.ones(2), what="it")
