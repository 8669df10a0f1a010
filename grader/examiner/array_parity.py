"""Compare the numbers of two arrays or tensors, and say what a likely mistake is.

Both become arrays of numpy. What they come from shows in the words only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.wire.libraries import is_array, is_tensor

# Where a test is run by hand, pytest shows the test's own lines only.
__tracebackhide__ = True

Array = np.ndarray[Any, Any]

# Two right formulas differ by rounding: by a few times what float32 itself loses against float64.
ROUNDING_FACTOR = 32
RELATIVE_FLOOR = {
    "float64": 1e-9,
    "complex128": 1e-9,
    "float32": 2e-5,
    "complex64": 2e-5,
    "bfloat16": 2e-2,
    "float16": 4e-3,
}
OTHER_FLOOR = 1e-5


@dataclass(frozen=True)
class Difference:
    """The difference, in words that hold no expected value, and a likely mistake."""

    message: str
    hint: str = ""


def to_array(value: Any) -> Array:
    """Return the values of an array or a tensor as an array of numpy."""
    if not is_tensor(value):
        return np.asarray(value)
    value = value.detach().cpu()
    # numpy lacks some of torch's types, all of them small floats.
    narrow = value.is_floating_point() and value.element_size() < 4
    found: Array = (value.float() if narrow else value.resolve_conj().resolve_neg()).numpy()
    return found


def name_dtype(value: Any) -> str:
    """Return the name of the type of an array's or a tensor's values."""
    if is_array(value) and value.dtype.kind in "OUS":
        return "object"  # text has a type for each length, and travels as objects
    return str(value.dtype).removeprefix("torch.")


def find_tolerance(expected: Any, precise: Any = None) -> float:
    """Return how far a right result may be off: what its type loses here, and a floor relative to the scale."""
    values = to_array(expected)
    finite = np.abs(values[np.isfinite(values)].astype(_widen(values)))
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    tolerance = RELATIVE_FLOOR.get(name_dtype(expected), OTHER_FLOOR) * scale
    if (is_tensor(precise) or is_array(precise)) and tuple(precise.shape) == tuple(values.shape):
        lost = np.abs(to_array(precise).astype(_widen(values)) - values.astype(_widen(values)))
        tolerance += ROUNDING_FACTOR * float(lost[np.isfinite(lost)].max()) if lost.size else 0.0
    return tolerance


def find_difference(actual: Any, expected: Any, precise: Callable[[], Any]) -> Difference | None:
    """Return what differs between the values of two arrays or tensors of one shape and type; None if nothing does."""
    one, other = to_array(actual), to_array(expected)
    different = _list_unequal(one, other)
    if other.dtype.kind in "fc" and different.any():
        finite = np.isfinite(other)
        strange = finite & ~np.isfinite(one)
        if strange.any():
            kind = "nan" if np.isnan(one).any() else "infinite"
            return Difference(f"{int(strange.sum())} of {one.size} values are {kind}")
        if not np.array_equal(one[~finite], other[~finite], equal_nan=True):
            return Difference("values that should be infinite are not")
        with np.errstate(invalid="ignore"):
            distance = np.abs(one.astype(_widen(other)) - other.astype(_widen(other)))
        different = finite & (distance > find_tolerance(expected, precise()))
    if not different.any():
        return None
    if other.size == 1:
        return Difference("the value differs", explain_values(one, other))
    place = [int(axis) for axis in np.argwhere(different)[0]]
    message = f"{int(different.sum())} of {other.size} values differ, the first at {place}"
    return Difference(message, explain_values(one, other))


def explain_values(actual: Array, expected: Array) -> str:
    """Return the likely mistake behind values that differ; empty if none fits."""
    if expected.dtype.kind != "f" or expected.size < 2:
        return ""
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    if (actual == 0).all():
        return "every value is zero"
    if np.abs(actual - actual.flat[0]).max() < 1e-7:
        return "every value is the same"
    if expected.ndim == 2 and expected.shape[0] == expected.shape[1] and is_close(actual, expected.T):
        return "it looks transposed"
    for axis in range(expected.ndim):
        if is_close(actual, np.flip(expected, axis)):
            return f"axis {axis} is reversed"
    used = np.abs(expected) > 1e-6
    ratio = actual[used] / expected[used]
    if ratio.size > 1 and np.abs(ratio - ratio.mean()).max() < 1e-4 * abs(ratio.mean()) + 1e-6:
        return "every value is off by the same factor"
    offset = actual - expected
    if np.abs(offset - offset.mean()).max() < 1e-5:
        return "every value is off by the same amount"
    return ""


def is_close(actual: Any, value: Any) -> bool:
    """Return whether two arrays or tensors hold nearly the same values."""
    one, other = to_array(actual), to_array(value)
    if one.shape != other.shape:
        return False
    if {one.dtype.kind, other.dtype.kind} - set("biufc"):
        return not bool(_list_unequal(one, other).any())
    return bool(np.allclose(one.astype(_widen(one)), other.astype(_widen(other)), rtol=1e-4, atol=1e-5))


def _list_unequal(one: Array, other: Array) -> Array:
    # Only what is no number, or no time, differs from itself.
    is_void: Array = np.logical_and(one != one, other != other)
    different: Array = np.logical_and(one != other, ~is_void)
    return different


def _widen(values: Array) -> type[np.generic]:
    return np.complex128 if values.dtype.kind == "c" else np.float64
