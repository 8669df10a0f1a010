"""Values of Python and numpy that are neither JSON nor tensors, on their way across the wire."""

import datetime
import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy
import pandas
import pytest

from grader.tests.conftest import decode_plain, refuse_handle
from grader.wire.codec import MAX_ODD_KEYS, Encoder
from grader.wire.frames import ProtocolError
from grader.wire.values import MAX_RANGE

ZONE = datetime.timezone(datetime.timedelta(hours=9))


def carry(value):
    """The value as it arrives."""
    return decode_plain(json.loads(json.dumps(Encoder(refuse_handle).encode(value))))


@pytest.mark.parametrize(
    "value",
    [
        {1, 2, 3},
        frozenset({"a", ("b", 1)}),
        {frozenset({1, 2}): "pair"},
        set(),
        1 + 2j,
        datetime.date(2026, 2, 28),
        datetime.datetime(2026, 2, 28, 23, 59, 1, 5, tzinfo=ZONE),
        datetime.time(7, 30),
        -datetime.timedelta(days=3, microseconds=1),
        Decimal("1.10"),
        Fraction(-3, 7),
        range(2, 20, 3),
        b"\x00\xff",
        Counter("banana"),
    ],
)
def test_value_arrives_as_it_was(value):
    """With its type, except for dicts of a kind of their own."""
    arrived = carry(value)
    assert arrived == value
    assert type(arrived) is (dict if isinstance(value, dict) else type(value))


@pytest.mark.parametrize(
    "array",
    [
        numpy.arange(6.0).reshape(2, 3).T,
        numpy.array([True, False]),
        numpy.array([[1 + 2j]], dtype=numpy.complex64),
        numpy.array([3, 4], dtype=">i4"),
        numpy.empty((0, 4), dtype=numpy.float16),
        numpy.array(["2026-01-01", "NaT"], dtype="datetime64[D]"),
        numpy.array([["a", "bcd"]]),
        numpy.array([None, {"a": 1}, 2.5], dtype=object),
    ],
)
def test_array_arrives_with_shape_and_values(array):
    """An array in any byte order arrives with its shape and values, and can be written to."""
    arrived = carry(array)
    assert arrived.shape == array.shape
    assert numpy.array_equal(arrived, array, equal_nan=array.dtype.kind in "fcmM")
    assert arrived.flags.writeable


@pytest.mark.parametrize(
    ("scalar", "plain"),
    [
        (numpy.float32(0.5), 0.5),
        (numpy.int64(3), 3),
        (numpy.array(2.5), 2.5),
        (numpy.datetime64("2026-01-01"), datetime.date(2026, 1, 1)),
        (numpy.datetime64("2026-01-01T00:00:00.000001000"), datetime.datetime(2026, 1, 1, 0, 0, 0, 1)),
    ],
)
def test_scalar_of_numpy_arrives_as_a_plain_one(scalar, plain):
    """Numbers and dates."""
    arrived = carry(scalar)
    assert (type(arrived), arrived) == (type(plain), plain)


def test_set_is_written_in_one_order():
    """A recording compares requests byte by byte, and hashes differ from one process to the next."""
    words = [f"word{number}" for number in range(50)]
    written = [json.dumps(Encoder(refuse_handle).encode(set(order))) for order in (words, reversed(words))]
    assert written[0] == written[1]


@pytest.mark.parametrize(
    "body",
    [
        {"$": "set", "v": [2**61 - 1]},
        {"$": "set", "v": [[1]]},
        {"$": "frozenset", "v": [{"$": "frozenset", "v": [number]} for number in range(MAX_ODD_KEYS + 1)]},
        {"$": "complex", "v": [1]},
        {"$": "date", "v": "2026-02-30"},
        {"$": "datetime", "v": 5},
        {"$": "timedelta", "v": [10**12, 0, 0]},
        {"$": "decimal", "v": "1" * 20_000},
        {"$": "fraction", "v": [1, 0]},
        {"$": "range", "v": [0, MAX_RANGE + 1]},
        {"$": "range", "v": []},
        {"$": "array", "dtype": "<f8", "shape": [2], "v": "AAAA"},
        {"$": "array", "dtype": "<f8", "shape": [-1], "v": ""},
        {"$": "array", "dtype": "<U9", "shape": [0], "v": ""},
        {"$": "array", "dtype": "O", "shape": [0], "v": ""},
        {"$": "array", "dtype": "object", "shape": [3], "v": [1]},
        {"$": "array", "dtype": "<f8", "shape": [10**40, 0], "v": ""},
        {"$": "array", "dtype": "<f8", "v": ""},
    ],
)
def test_body_that_was_not_written_here_is_refused(body):
    """Never another exception, and nothing that costs more than its bytes."""
    with pytest.raises(ProtocolError):
        decode_plain(body)


def test_structured_array_stays_on_its_side():
    """Like any object that is no plain data."""
    with pytest.raises(ProtocolError, match="a handle"):
        carry(numpy.zeros(2, dtype=[("x", "f8")]))


def test_table_and_column_of_pandas_arrive_as_such():
    """Names, index, numbers, text and missing values."""
    table = pandas.DataFrame({"n": [1, 2], "x": [0.5, None], "t": ["a", None]}, index=["p", "q"])
    arrived = carry(table)
    assert (list(arrived.columns), list(arrived.index)) == (["n", "x", "t"], ["p", "q"])
    assert arrived["n"].tolist() == [1, 2]
    assert arrived.isna().to_numpy().tolist() == table.isna().to_numpy().tolist()
    assert carry(table["n"]).name == "n"
