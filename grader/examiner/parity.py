"""Compare what a submission returned with what was expected, and say in one line what differs.

A message never holds an expected value: students may read it. No library is imported here that the values do not come
from.
"""

import dataclasses
import functools
import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Set
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import islice
from typing import Any

from grader.examiner.advice import explain_dtype, explain_kind, explain_shape
from grader.examiner.likeness import note_likeness
from grader.examiner.mismatch import Mismatch
from grader.model.errors import BrokenSuite
from grader.wire.libraries import is_array, is_column, is_table, is_tensor, read_number

# Where a test is run by hand, pytest shows the test's own lines only.
__tracebackhide__ = True

SKELETON_ORDER = "return them in the order of the skeleton's docstring"
# As for float32: a number of Python often comes from one.
NUMBER_FLOOR = 2e-5
ROUNDING_FACTOR = 32
# Values that a generator may give before it counts as endless.
MAX_GENERATED = 100_000
# Values that arrive as themselves, and are equal or not.
EXACT = (type(None), bool, int, str, bytes, date, time, timedelta, Decimal, Fraction, range)


def assert_parity(
    actual: Any,
    expected: Any,
    *,
    what: str,
    precise: Any = None,
    mistakes: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
) -> None:
    """Compare structure, exact shape, dtype, device, finiteness, then values. Raises Mismatch.

    `precise` is the expected result in float64 and gives the tolerance; `mistakes` maps a sentence to the value that a
    known mistake would give. Either may be a function that returns it: it is called only where values differ, and most
    right answers are the same to the last bit.
    """
    if note_likeness(actual, expected):
        return
    try:
        # A number or a word with a name arrives as what it is.
        plain = expected.value if isinstance(expected, Enum) and isinstance(expected, EXACT) else expected
        _compare(actual, read_number(plain), what, precise, mistakes)
    except Mismatch as mismatch:
        mismatch.compared = mismatch.compared or (actual, expected)
        mismatch.whole = actual, expected
        raise


def assert_equal(actual: Any, expected: Any, message: str) -> None:
    """Check that plain values are equal. Unlike `assert`, it can serve in a gate. Raises Mismatch."""
    if not note_likeness(actual, expected) and actual != expected:
        raise Mismatch(message)


class OwnObject:
    """An object that stays with the submission: what is in it is not known here."""


def assert_moved(actual: Any, own: Any, device: str, *, what: str) -> None:
    """Check that a result is on the device, with the numbers of the submission's `own` result on the CPU.

    Its own, not the reference's: a wrong value is charged where values are compared, not on the device once more.
    Raises Mismatch.
    """
    assert_parity(_detach(actual, ""), _detach(own, device), what=what)


def _detach(value: Any, place: str) -> Any:
    if is_tensor(value):
        return value.detach().to(place) if place else value.detach()
    if isinstance(value, (list, tuple)):
        return [_detach(item, place) for item in value]
    if isinstance(value, dict):
        return {key: _detach(item, place) for key, item in value.items()}
    return value


def assert_shape(actual: Any, shape: tuple[int, ...], *, what: str) -> None:
    """Check that `actual` is a tensor or an array of exactly that shape. Raises Mismatch."""
    if not is_tensor(actual) and not is_array(actual):
        raise Mismatch(f"{what}: expected a tensor, found {describe_value(actual)}", explain_kind(actual))
    if tuple(actual.shape) != tuple(shape):
        found, expected = list(actual.shape), list(shape)
        raise Mismatch(f"{what}: the shape is {found}, expected {expected}", explain_shape(found, expected))


def assert_unchanged(before: Any, after: Any, *, what: str) -> None:
    """Check that an input is as it was before the call. Raises Mismatch."""
    if is_tensor(before) or is_array(before):
        from grader.examiner.array_parity import to_array

        one, other = to_array(before), to_array(after)
        is_same = one.shape == other.shape and bool((one == other).all())
    else:
        is_same = bool(before == after)
    if not is_same:
        raise Mismatch(f"{what} was changed by the call", "work on a copy, or use operations that return a new tensor")


@functools.singledispatch
def describe_value(value: Any) -> str:
    """Return the words that say what a submission returned instead. `proxy` adds those for remote objects."""
    if value is None:
        return "None (is there a `return`?)"
    if is_tensor(value):
        return f"a tensor of shape {list(value.shape)}"
    if is_array(value):
        return f"an array of shape {list(value.shape)}"
    if is_table(value):
        return f"a table of {value.shape[0]} rows and {value.shape[1]} columns"
    return f"a {type(value).__name__}"


@functools.singledispatch
def name_type(value: Any) -> str:
    """Return the name of a value's type. `proxy` adds that of remote objects."""
    return type(value).__name__


def _compare(actual: Any, expected: Any, what: str, precise: Any, mistakes: Any) -> None:
    if is_tensor(expected) or is_array(expected):
        _compare_arrays(actual, expected, what, precise, mistakes)
    elif is_table(expected) or is_column(expected):
        _compare_tables(actual, expected, what)
    elif isinstance(expected, (list, tuple)):
        _compare_sequences(actual, expected, what, precise, mistakes)
    elif isinstance(expected, dict):
        _compare_dicts(actual, expected, what, precise)
    elif isinstance(expected, Set):
        _compare_sets(actual, expected, what)
    elif isinstance(expected, (float, complex)):
        _compare_numbers(actual, expected, what, precise, mistakes)
    elif isinstance(expected, Iterator):
        _compare_generated(actual, expected, what)
    elif not isinstance(expected, EXACT):
        _compare_objects(actual, expected, what)
    elif type(actual) is not type(expected) or actual != expected:
        raise Mismatch(f"{what}: {describe_value(actual)} is not what was expected", _find_mistake(actual, mistakes))


def _compare_arrays(actual: Any, expected: Any, what: str, precise: Any, mistakes: Any) -> None:
    from grader.examiner.array_parity import find_difference, name_dtype

    if not (is_tensor if is_tensor(expected) else is_array)(actual):
        kind = "a tensor" if is_tensor(expected) else "an array"
        raise Mismatch(f"{what}: expected {kind}, found {describe_value(actual)}", explain_kind(actual))
    if tuple(actual.shape) != tuple(expected.shape):
        found, wanted = list(actual.shape), list(expected.shape)
        hint = _find_mistake(actual, mistakes) or explain_shape(found, wanted)
        raise Mismatch(f"{what}: the shape is {found}, expected {wanted}", hint)
    if name_dtype(actual) != name_dtype(expected):
        types = name_dtype(actual), name_dtype(expected)
        raise Mismatch(f"{what}: the dtype is {types[0]}, expected {types[1]}", explain_dtype(*types))
    if is_tensor(actual) and actual.device != expected.device:
        raise Mismatch(
            f"{what}: the result is on {actual.device}, its inputs are on {_name_device(expected.device)}",
            "make new tensors on the device of the inputs",
        )
    difference = find_difference(actual, expected, lambda: _resolve(precise))
    if difference is not None:
        raise Mismatch(f"{what}: {difference.message}", _find_mistake(actual, mistakes) or difference.hint)


def _compare_tables(actual: Any, expected: Any, what: str) -> None:
    if is_column(expected):
        if not is_column(actual):
            raise Mismatch(f"{what}: expected a column of pandas, found {describe_value(actual)}")
        assert_parity(actual.to_numpy(), expected.to_numpy(), what=what)
        return
    if not is_table(actual):
        raise Mismatch(f"{what}: expected a table of pandas, found {describe_value(actual)}")
    names = [str(name) for name in expected.columns]
    if [str(name) for name in actual.columns] != names:
        raise Mismatch(f"{what}: the columns are {[str(name) for name in actual.columns]}, expected {names}")
    assert_parity(actual.index.to_numpy(), expected.index.to_numpy(), what=f"{what}: its index")
    for place, name in enumerate(names):
        assert_parity(actual.iloc[:, place].to_numpy(), expected.iloc[:, place].to_numpy(), what=f"{what}[{name!r}]")


def _compare_sequences(actual: Any, expected: Any, what: str, precise: Any, mistakes: Any) -> None:
    if not isinstance(actual, (list, tuple)):
        raise Mismatch(f"{what}: expected {len(expected)} parts, found {describe_value(actual)}")
    if len(actual) != len(expected):
        raise Mismatch(f"{what}: there are {len(actual)} parts, expected {len(expected)}")
    precise = _resolve(precise)
    for index, (one, other) in enumerate(zip(actual, expected, strict=True)):
        if one is None and other is not None:
            raise Mismatch(
                f"{what}[{index}] is None", "was something detached, put under `no_grad`, left out, or never used?"
            )
        part = precise[index] if isinstance(precise, (list, tuple)) and len(precise) == len(expected) else None
        try:
            assert_parity(one, other, what=f"{what}[{index}]", precise=part)
        except Mismatch as mismatch:
            if hint := _find_mistake(actual, mistakes):
                raise Mismatch(mismatch.message, hint) from mismatch
            if not _are_swapped(actual, expected):
                raise
            raise Mismatch(f"{what}: the parts are right, their order is not", SKELETON_ORDER) from mismatch


def _compare_dicts(actual: Any, expected: dict[Any, Any], what: str, precise: Any) -> None:
    if not isinstance(actual, dict):
        raise Mismatch(f"{what}: expected a dict, found {describe_value(actual)}")
    _compare_members(set(actual), set(expected), f"{what}: the keys differ")
    precise = _resolve(precise)
    for key, value in expected.items():
        part = precise.get(key) if isinstance(precise, dict) else None
        assert_parity(actual[key], value, what=f"{what}[{key!r}]", precise=part)


def _compare_sets(actual: Any, expected: Set[Any], what: str) -> None:
    if not isinstance(actual, Set):
        raise Mismatch(f"{what}: expected a set, found {describe_value(actual)}")
    _compare_members(set(actual), set(expected), f"{what}: the members differ")


def _compare_members(actual: set[Any], expected: set[Any], what: str) -> None:
    if actual != expected:
        raise Mismatch(f"{what}: {len(expected - actual)} missing, {len(actual - expected)} too many")


def _compare_numbers(actual: Any, expected: complex, what: str, precise: Any, mistakes: Any) -> None:
    accepted = (int, float) if isinstance(expected, float) else (int, float, complex)
    if isinstance(actual, bool) or not isinstance(actual, accepted):
        raise Mismatch(f"{what}: expected a number, found {describe_value(actual)}")
    if actual == expected or (actual != actual and expected != expected):
        return
    precise = read_number(_resolve(precise))
    is_number = isinstance(precise, (float, complex))
    lost = abs(precise - expected) if is_number else 0.0
    size = abs(expected) if math.isfinite(abs(expected)) else 1.0
    if not abs(actual - expected) <= NUMBER_FLOOR * max(1.0, size) + ROUNDING_FACTOR * lost:
        found = actual if isinstance(actual, complex) else float(actual)
        raise Mismatch(f"{what}: the value differs", _find_mistake(found, mistakes))


def _compare_generated(actual: Any, expected: Iterator[Any], what: str) -> None:
    if not hasattr(actual, "__iter__"):
        raise Mismatch(f"{what}: expected values one by one, found {describe_value(actual)}")
    found = list(islice(actual, MAX_GENERATED + 1))
    if len(found) > MAX_GENERATED:
        raise Mismatch(f"{what}: it gives more than {MAX_GENERATED} values", "is there an end?")
    assert_parity(found, list(islice(expected, MAX_GENERATED)), what=what)


def _compare_objects(actual: Any, expected: Any, what: str) -> None:
    """Compare what a class of the course's own holds: its name, and its fields one by one."""
    if isinstance(expected, OwnObject):
        # Two results of the submission are compared: that they cannot be is no fault of the test.
        raise Mismatch(f"{what}: found {describe_value(expected)}, which has no values to compare")
    if name_type(actual) != name_type(expected):
        raise Mismatch(f"{what}: expected a {name_type(expected)}, found {describe_value(actual)}")
    if isinstance(expected, type) or inspect.isroutine(expected):
        raise BrokenSuite(f"assert_parity cannot compare functions or classes ({what}): compare what they return")
    if isinstance(expected, BaseException):
        names = ["args"]
    elif isinstance(expected, Enum):
        names = ["name"]
    elif dataclasses.is_dataclass(expected):
        names = [field.name for field in dataclasses.fields(expected) if field.compare]
    else:
        kind = type(expected).__name__
        raise BrokenSuite(f"assert_parity cannot compare objects of type {kind} ({what}): compare their attributes")
    for name in names:
        assert_parity(getattr(actual, name), getattr(expected, name), what=f"{what}.{name}")


def _find_mistake(actual: Any, mistakes: Any) -> str:
    for sentence, value in (_resolve(mistakes) or {}).items():
        if _is_close(actual, value):
            return str(sentence)
    return ""


def _is_close(actual: Any, value: Any) -> bool:
    if all(is_tensor(one) or is_array(one) for one in (actual, value)):
        from grader.examiner.array_parity import is_close

        return is_close(actual, value)
    if isinstance(actual, list) and isinstance(value, list) and len(actual) == len(value):
        return all(_is_close(one, other) for one, other in zip(actual, value, strict=True))
    if isinstance(actual, float) and isinstance(value, float):
        return math.isclose(actual, value, rel_tol=1e-4)
    return type(actual) is type(read_number(value)) and bool(actual == value)


def _resolve(value: Any) -> Any:
    return value() if callable(value) else value


def _name_device(device: Any) -> str:
    # Students know no such device.
    return f"{device}, which stands for a GPU" if str(device).startswith("virtual") else str(device)


def _are_swapped(actual: Any, expected: Any) -> bool:
    """Tell whether the parts have the right values in another order, and not in this one."""
    if len(expected) not in (2, 3) or not all(is_tensor(part) or is_array(part) for part in (*actual, *expected)):
        return False
    fits = [all(map(_is_close, order, expected)) for order in itertools.permutations(actual)]
    # The first order is the one as it is.
    return any(fits) and not fits[0]
