"""Values of Python, numpy and pandas that are neither JSON nor tensors, as JSON-able data and back.

Each is `{"$": kind, "v": ...}`; an array also has its type and shape. Nothing that is read here can name a class or a
function: the kinds are those of this table, and an array's type is one of a few that hold plain numbers.
"""

import base64
import datetime
import json
import math
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from grader.wire.frames import MAX_BLOCK_BYTES, ProtocolError
from grader.wire.libraries import is_array, is_column, is_table

if TYPE_CHECKING:
    import numpy

Convert = Callable[[Any], Any]
Body = dict[str, Any]

MAX_AXES = 32
MAX_DIGITS = 10_000
MAX_RANGE = 1_000_000
# Plain numbers, and points and spans of time, in this machine's byte order. Text and objects travel item by item.
PLAIN_TYPE = re.compile(r"[<|](b1|[iu][1248]|f[248]|c(8|16)|[mM]8\[(ns|us|ms|s|m|h|D|W|M|Y)\])")
ITEM_KINDS = "OU"


def write_value(value: Any, encode: Convert) -> Body | None:
    """Return the data of a value of these kinds, without its kind's mark; None for any other value.

    `encode` encodes the parts of a value. Raises ProtocolError for an array that is larger than any message.
    """
    # Subclasses stay objects of their own: what they add would be lost.
    kind = type(value)
    if kind in _WRITERS:
        name, write = _WRITERS[kind]
        return {"$": name, "v": write(value, encode)}
    if is_array(value):
        return _describe_array(value, encode)
    if is_column(value):
        return {"$": "column", "v": _describe_column(value, encode), "name": encode(value.name)}
    if is_table(value):
        columns = [_describe_column(value.iloc[:, place], encode) for place in range(value.shape[1])]
        return {
            "$": "table",
            "v": columns,
            "names": [encode(name) for name in value.columns],
            "index": _describe_column(value.index, encode),
        }
    return None


def _sort_parts(value: Iterable[Any], encode: Convert) -> list[Any]:
    # In one order, whatever the hashes of this process are: a recording compares requests byte by byte.
    return sorted((encode(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))


_WRITERS: dict[type[Any], tuple[str, Callable[[Any, Convert], Any]]] = {
    set: ("set", _sort_parts),
    frozenset: ("frozenset", _sort_parts),
    complex: ("complex", lambda value, encode: [encode(value.real), encode(value.imag)]),
    datetime.date: ("date", lambda value, encode: value.isoformat()),
    datetime.datetime: ("datetime", lambda value, encode: value.isoformat()),
    datetime.time: ("time", lambda value, encode: value.isoformat()),
    datetime.timedelta: ("timedelta", lambda value, encode: [value.days, value.seconds, value.microseconds]),
    Decimal: ("decimal", lambda value, encode: str(value)),
    Fraction: ("fraction", lambda value, encode: [value.numerator, value.denominator]),
    range: ("range", lambda value, encode: [value.start, value.stop, value.step]),
}


def read_value(kind: str, body: Body, decode: Convert) -> Any:
    """Return the value of a body of one of `KINDS`. Raises ProtocolError for anything that was not written here."""
    try:
        return _READERS[kind](body, decode)
    except (ValueError, TypeError, LookupError, ArithmeticError, ImportError, AttributeError) as error:
        raise ProtocolError(f"a {kind} that cannot be read: {type(error).__name__}") from error


def _describe_array(array: "numpy.ndarray[Any, Any]", encode: Convert) -> Body | None:
    if array.nbytes > MAX_BLOCK_BYTES:
        raise ProtocolError(f"an array of {array.nbytes} bytes is larger than {MAX_BLOCK_BYTES}")
    shape = list(array.shape)
    if array.dtype.kind in ITEM_KINDS:
        return {"$": "array", "dtype": "object", "shape": shape, "v": [encode(item) for item in array.ravel().tolist()]}
    plain = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if not PLAIN_TYPE.fullmatch(plain.dtype.str):
        return None
    data = base64.b64encode(plain.tobytes()).decode("ascii")
    return {"$": "array", "dtype": plain.dtype.str, "shape": shape, "v": data}


def _describe_column(column: Any, encode: Convert) -> Any:
    # A type of pandas' own (categories, nullable integers) arrives as the objects that it shows.
    values = column.to_numpy()
    body = _describe_array(values, encode)
    return body or _describe_array(values.astype(object), encode)


def _read_array(body: Body, decode: Convert) -> Any:
    import numpy

    shape, dtype, data = body["shape"], body["dtype"], body["v"]
    if not isinstance(shape, list) or len(shape) > MAX_AXES or any(type(size) is not int or size < 0 for size in shape):
        raise ProtocolError("an array without a shape")
    if dtype == "object":
        array = numpy.empty(len(data), dtype=object)
        for place, item in enumerate(data):
            array[place] = decode(item)
        return array.reshape(shape)
    if not isinstance(dtype, str) or not PLAIN_TYPE.fullmatch(dtype):
        raise ProtocolError("an array of an unknown type")
    raw = base64.b64decode(data, validate=True)
    if len(raw) != math.prod(shape) * numpy.dtype(dtype).itemsize:
        raise ProtocolError("an array whose bytes do not fit its shape")
    # A copy, since a student's code may write into what it receives.
    return numpy.frombuffer(raw, dtype=dtype).reshape(shape).copy()


def _read_column(body: Body, decode: Convert) -> Any:
    import pandas

    return pandas.Series(_read_array(body["v"], decode), name=decode(body["name"]))


def _read_table(body: Body, decode: Convert) -> Any:
    import pandas

    columns = [_read_array(column, decode) for column in body["v"]]
    table = pandas.DataFrame(dict(enumerate(columns)), index=_read_array(body["index"], decode))
    table.columns = [decode(name) for name in body["names"]]
    return table


def _read_decimal(text: Any) -> Decimal:
    if not isinstance(text, str) or len(text) > MAX_DIGITS:
        raise ProtocolError("a decimal number that is too long")
    return Decimal(text)


def _read_span(days: Any, seconds: Any, microseconds: Any) -> datetime.timedelta:
    return datetime.timedelta(days=days, seconds=seconds, microseconds=microseconds)


def _read_range(numbers: Any) -> range:
    found = range(*numbers)
    if not -MAX_RANGE <= found.stop - found.start <= MAX_RANGE:
        raise ProtocolError("a range that is too long")
    return found


_READERS: dict[str, Callable[[Body, Convert], Any]] = {
    "complex": lambda body, decode: complex(decode(body["v"][0]), decode(body["v"][1])),
    "date": lambda body, decode: datetime.date.fromisoformat(body["v"]),
    "datetime": lambda body, decode: datetime.datetime.fromisoformat(body["v"]),
    "time": lambda body, decode: datetime.time.fromisoformat(body["v"]),
    "timedelta": lambda body, decode: _read_span(*body["v"]),
    "decimal": lambda body, decode: _read_decimal(body["v"]),
    "fraction": lambda body, decode: Fraction(*body["v"]),
    "range": lambda body, decode: _read_range(body["v"]),
    "array": _read_array,
    "column": _read_column,
    "table": _read_table,
}
# Sets are not among them: `wire.codec` reads them, which checks keys.
KINDS = frozenset(_READERS)
