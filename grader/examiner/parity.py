"""Compare what a submission returned with what was expected, and say in one line what differs.

A message never holds an expected value: students may read it.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch

from grader.examiner.likeness import note_likeness
from grader.model.verdict import Cause

# Two right formulas differ by rounding: by a few times what float32 itself loses against float64.
ROUNDING_FACTOR = 32
RELATIVE_FLOOR = {torch.float64: 1e-9, torch.float32: 2e-5, torch.bfloat16: 2e-2, torch.float16: 4e-3}


class Mismatch(AssertionError):
    """A result that differs from what was asked; `hint` names the likely mistake, where one fits.

    `compared` holds the found and the expected value, for public tests: there the student may see both.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint
        self.compared: tuple[Any, Any] | None = None

    @property
    def cause(self) -> Cause:
        """Return whether the result has another form than what was asked: then its values say nothing."""
        if self.compared is None:
            return ""
        found, expected = self.compared
        if isinstance(found, (int, float)) and isinstance(expected, (int, float)):
            return ""
        if not isinstance(found, type(expected)):
            return "structure"
        forms = [(getattr(value, "shape", None), getattr(value, "dtype", None)) for value in self.compared]
        return "" if forms[0] == forms[1] else "structure"


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
        _compare(actual, expected, what, precise, mistakes)
    except Mismatch as mismatch:
        mismatch.compared = mismatch.compared or (actual, expected)
        raise


def assert_equal(actual: Any, expected: Any, message: str) -> None:
    """Check that plain values are equal. Unlike `assert`, it can serve in a gate. Raises Mismatch."""
    if not note_likeness(actual, expected) and actual != expected:
        raise Mismatch(message)


def assert_moved(actual: Any, own: Any, device: str, *, what: str) -> None:
    """Check that a result is on the device, with the numbers of the submission's `own` result on the CPU.

    Its own, not the reference's: a wrong value is charged where values are compared, not on the device once more.
    Raises Mismatch.
    """
    assert_parity(_detach(actual, ""), _detach(own, device), what=what)


def _detach(value: Any, place: str) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().to(place) if place else value.detach()
    if isinstance(value, (list, tuple)):
        return [_detach(item, place) for item in value]
    if isinstance(value, dict):
        return {key: _detach(item, place) for key, item in value.items()}
    return value


def assert_shape(actual: Any, shape: tuple[int, ...], *, what: str) -> None:
    """Check that `actual` is a tensor of exactly that shape. Raises Mismatch."""
    if not isinstance(actual, torch.Tensor):
        raise Mismatch(f"{what}: expected a tensor, found {describe_value(actual)}")
    if tuple(actual.shape) != tuple(shape):
        found, expected = list(actual.shape), list(shape)
        raise Mismatch(f"{what}: the shape is {found}, expected {expected}", _explain_shape(found, expected))


def assert_unchanged(before: torch.Tensor, after: torch.Tensor, *, what: str) -> None:
    """Check that an input is as it was before the call. Raises Mismatch."""
    if before.shape != after.shape or not torch.equal(before, after):
        raise Mismatch(f"{what} was changed by the call", "work on a copy, or use operations that return a new tensor")


@functools.singledispatch
def describe_value(value: Any) -> str:
    """Return the words that say what a submission returned instead. `proxy` adds those for remote objects."""
    if value is None:
        return "None (is there a `return`?)"
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {list(value.shape)}"
    return f"a {type(value).__name__}"


def _compare(actual: Any, expected: Any, what: str, precise: Any, mistakes: Any) -> None:
    if isinstance(expected, torch.Tensor):
        _compare_tensors(actual, expected, what, precise, mistakes)
    elif isinstance(expected, (list, tuple)):
        _compare_sequences(actual, expected, what, precise)
    elif isinstance(expected, dict):
        _compare_dicts(actual, expected, what, precise)
    elif isinstance(expected, float):
        _compare_floats(actual, expected, what, precise, mistakes)
    elif type(actual) is not type(expected) or actual != expected:
        raise Mismatch(f"{what}: {describe_value(actual)} is not what was expected", _find_mistake(actual, mistakes))


def _compare_tensors(actual: Any, expected: torch.Tensor, what: str, precise: Any, mistakes: Any) -> None:
    if not isinstance(actual, torch.Tensor):
        raise Mismatch(f"{what}: expected a tensor, found {describe_value(actual)}")
    actual, expected = actual.detach(), expected.detach()
    if actual.shape != expected.shape:
        hint = _find_mistake(actual, mistakes) or _explain_shape(list(actual.shape), list(expected.shape))
        raise Mismatch(f"{what}: the shape is {list(actual.shape)}, expected {list(expected.shape)}", hint)
    if actual.dtype != expected.dtype:
        raise Mismatch(f"{what}: the dtype is {_name_dtype(actual)}, expected {_name_dtype(expected)}")
    if actual.device != expected.device:
        raise Mismatch(
            f"{what}: the result is on {actual.device}, its inputs are on {expected.device}",
            "make new tensors on the device of the inputs",
        )
    _compare_values(actual.cpu(), expected.cpu(), what, precise, mistakes)


def _compare_values(actual: torch.Tensor, expected: torch.Tensor, what: str, precise: Any, mistakes: Any) -> None:
    if torch.equal(actual, expected):
        return
    different = actual != expected
    if expected.is_floating_point():
        finite = torch.isfinite(expected)
        strange = finite & ~torch.isfinite(actual)
        if strange.any():
            kind = "nan" if torch.isnan(actual).any() else "infinite"
            raise Mismatch(f"{what}: {int(strange.sum())} of {actual.numel()} values are {kind}")
        if not finite.all() and not torch.equal(actual[~finite], expected[~finite]):
            raise Mismatch(f"{what}: values that should be infinite are not")
        different = (actual.double() - expected.double()).abs() > find_tolerance(expected, _resolve(precise))
        different &= finite  # the difference of infinities is not a number
    count = int(different.sum())
    if count:
        place = [int(index) for index in different.nonzero()[0]]
        message = f"{what}: {count} of {expected.numel()} values differ, the first at {place}"
        if expected.numel() == 1:
            message = f"{what}: the value differs"
        raise Mismatch(message, _find_mistake(actual, mistakes) or _explain_values(actual, expected))


def find_tolerance(expected: torch.Tensor, precise: Any = None) -> float:
    """Return how far a right result may be off: what float32 loses here, and a floor relative to the scale."""
    finite = expected[torch.isfinite(expected)].double()
    scale = max(1.0, float(finite.abs().max())) if finite.numel() else 1.0
    tolerance = RELATIVE_FLOOR.get(expected.dtype, 1e-5) * scale
    if isinstance(precise, torch.Tensor) and precise.shape == expected.shape:
        lost = (precise.detach().cpu().double() - expected.cpu().double()).abs()
        tolerance += ROUNDING_FACTOR * float(lost[torch.isfinite(lost)].max()) if lost.numel() else 0.0
    return tolerance


def _find_mistake(actual: Any, mistakes: Any) -> str:
    for sentence, value in (_resolve(mistakes) or {}).items():
        if _is_close(actual, value):
            return str(sentence)
    return ""


def _resolve(value: Any) -> Any:
    return value() if callable(value) else value


def _is_close(actual: Any, value: Any) -> bool:
    if not isinstance(actual, torch.Tensor) or not isinstance(value, torch.Tensor):
        return type(actual) is type(value) and bool(actual == value)
    if actual.shape != value.shape:
        return False
    return torch.allclose(actual.detach().cpu().double(), value.detach().cpu().double(), rtol=1e-4, atol=1e-5)


def _explain_shape(found: list[int], expected: list[int]) -> str:
    if sorted(found) == sorted(expected):
        return "the axes are in another order"
    if [size for size in found if size != 1] == [size for size in expected if size != 1]:
        return "there is an axis of size 1 too many" if len(found) > len(expected) else "an axis of size 1 is missing"
    return ""


def _explain_values(actual: torch.Tensor, expected: torch.Tensor) -> str:
    if not expected.is_floating_point() or expected.numel() < 2:
        return ""
    actual, expected = actual.double(), expected.double()
    if (actual == 0).all():
        return "every value is zero"
    if (actual - actual.flatten()[0]).abs().max() < 1e-7:
        return "every value is the same"
    if expected.dim() == 2 and expected.shape[0] == expected.shape[1] and _is_close(actual, expected.T):
        return "it looks transposed"
    for axis in range(expected.dim()):
        if _is_close(actual, expected.flip(axis)):
            return f"axis {axis} is reversed"
    used = expected.abs() > 1e-6
    ratio = actual[used] / expected[used]
    if ratio.numel() > 1 and float((ratio - ratio.mean()).abs().max()) < 1e-4 * float(ratio.mean().abs()) + 1e-6:
        return "every value is off by the same factor"
    offset = actual - expected
    if float((offset - offset.mean()).abs().max()) < 1e-5:
        return "every value is off by the same amount"
    return ""


def _compare_sequences(actual: Any, expected: Any, what: str, precise: Any) -> None:
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
        assert_parity(one, other, what=f"{what}[{index}]", precise=part)


def _compare_dicts(actual: Any, expected: dict[Any, Any], what: str, precise: Any) -> None:
    if not isinstance(actual, dict):
        raise Mismatch(f"{what}: expected a dict, found {describe_value(actual)}")
    if set(actual) != set(expected):
        raise Mismatch(
            f"{what}: the keys differ: {len(set(expected) - set(actual))} missing, "
            f"{len(set(actual) - set(expected))} too many"
        )
    precise = _resolve(precise)
    for key, value in expected.items():
        part = precise.get(key) if isinstance(precise, dict) else None
        assert_parity(actual[key], value, what=f"{what}[{key!r}]", precise=part)


def _compare_floats(actual: Any, expected: float, what: str, precise: Any, mistakes: Any) -> None:
    if isinstance(actual, bool) or not isinstance(actual, (int, float)):
        raise Mismatch(f"{what}: expected a number, found {describe_value(actual)}")
    both = [torch.tensor(float(value), dtype=torch.float64) for value in (actual, expected)]
    precise = _resolve(precise)
    tolerance = find_tolerance(both[1].float(), torch.tensor(precise) if isinstance(precise, float) else None)
    if not abs(actual - expected) <= tolerance:
        raise Mismatch(f"{what}: the value differs", _find_mistake(float(actual), mistakes))


def _name_dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
