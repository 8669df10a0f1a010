"""Compare what a submission returned with what was expected, and say in one line what differs.

A message never holds an expected value: students may read it.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch

from grader.examiner.likeness import note_likeness
from grader.examiner.proxy import RemoteObject, state_shapes

# Two right formulas differ by rounding: by a few times what float32 itself loses against float64.
ROUNDING_FACTOR = 32
RELATIVE_FLOOR = {torch.float64: 1e-9, torch.float32: 2e-5, torch.bfloat16: 2e-2, torch.float16: 4e-3}


class Mismatch(AssertionError):
    """A result that is not what was asked; `hint` names the likely mistake, where one fits.

    `compared` holds what was found and what was expected, for public tests: there the student may see both.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint
        self.compared: tuple[Any, Any] | None = None


def assert_parity(
    actual: Any,
    expected: Any,
    *,
    what: str,
    precise: Any = None,
    mistakes: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None,
) -> None:
    """Structure, exact shape, dtype, device, finiteness, then values.

    `precise` is the expected result in float64 and gives the tolerance; `mistakes` maps a sentence to the value that a
    known mistake would give. Either may be a function that gives it: it is called only where values differ, and most
    right answers are the same to the last bit. Raises Mismatch.
    """
    if note_likeness(actual, expected):
        return
    try:
        _compare(actual, expected, what, precise, mistakes)
    except Mismatch as mismatch:
        mismatch.compared = mismatch.compared or (actual, expected)
        raise


def assert_equal(actual: Any, expected: Any, message: str) -> None:
    """Plain values are equal: ids, words, numbers. Unlike `assert`, it can serve in a gate. Raises Mismatch."""
    if not note_likeness(actual, expected) and actual != expected:
        raise Mismatch(message)


def assert_moved(actual: Any, own: Any, device: str, *, what: str) -> None:
    """A submission's result is on the device, with the numbers of its `own` result on the CPU. Raises Mismatch.

    Its own, not the reference's: a wrong value is charged where values are compared, not on the device once more.
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
    """`actual` is a tensor of exactly that shape. Raises Mismatch."""
    if not isinstance(actual, torch.Tensor):
        raise Mismatch(f"{what}: expected a tensor, found {_name(actual)}")
    if tuple(actual.shape) != tuple(shape):
        found, expected = list(actual.shape), list(shape)
        raise Mismatch(f"{what}: the shape is {found}, expected {expected}", _explain_shape(found, expected))


def assert_unchanged(before: torch.Tensor, after: torch.Tensor, *, what: str) -> None:
    """An input still holds what it held before the call. Raises Mismatch."""
    if before.shape != after.shape or not torch.equal(before, after):
        raise Mismatch(f"{what} was changed by the call", "work on a copy, or use operations that return a new tensor")


def in_float64(module: Any, *inputs: Any, method: str = "forward") -> Any:
    """What `module` (or a function) gives when it and its inputs are computed in float64."""
    doubled = [_double(value) for value in inputs]
    with torch.no_grad():
        if not isinstance(module, torch.nn.Module):
            return module(*doubled)
        precise = copy.deepcopy(module).double()
        return getattr(precise, method)(*doubled)


def enlarge(module: torch.nn.Module, factor: float = 4.0) -> None:
    """Scale every weight in place, so that an untrained model does not give the same answer to everything."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(factor)


def load_weights(theirs: Any, ours: torch.nn.Module) -> None:
    """Give the submission's module the reference's weights.

    By name; where layers were renamed, by the last part of the name and the shape, in order. Raises Mismatch where
    that is ambiguous. Source of names: the given constructor.
    """
    weights = {name: tensor.detach() for name, tensor in ours.state_dict().items()}
    names = state_shapes(theirs)
    if names is None:
        raise Mismatch("the module's state_dict() is not a dict of tensors")
    if set(names) != set(weights) or any(names[name] != tuple(weights[name].shape) for name in names):
        weights = _rename(weights, names)
    theirs.load_state_dict(weights)


def _rename(weights: dict[str, torch.Tensor], names: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    renamed = {name: weights[name] for name in names if name in weights and tuple(weights[name].shape) == names[name]}
    left = {name: tensor for name, tensor in weights.items() if name not in renamed}
    open_names = [name for name in names if name not in renamed]
    for key in (_leaf_and_shape, _only_shape):
        for name in list(open_names):
            ours = [n for n, tensor in left.items() if key(n, tuple(tensor.shape)) == key(name, names[name])]
            rivals = [n for n in open_names if key(n, names[n]) == key(name, names[name])]
            if ours and len(ours) == len(rivals):
                renamed[name] = left.pop(ours[0])
                open_names.remove(name)
    if left or open_names:
        raise Mismatch(
            f"the layers do not match the skeleton's: expected {_list_shapes(weights)}, found "
            f"{', '.join(f'{name} {list(shape)}' for name, shape in names.items()) or 'none'}",
            "the constructor is given code: restore its layers and their sizes",
        )
    return renamed


def _leaf_and_shape(name: str, shape: tuple[int, ...]) -> tuple[Any, ...]:
    return (name.rsplit(".", 1)[-1], shape)


def _only_shape(name: str, shape: tuple[int, ...]) -> tuple[Any, ...]:
    return shape


def _list_shapes(weights: dict[str, torch.Tensor]) -> str:
    return ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in weights.items())


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
        raise Mismatch(f"{what}: {_name(actual)} is not what was expected", _find_mistake(actual, mistakes))


def _compare_tensors(actual: Any, expected: torch.Tensor, what: str, precise: Any, mistakes: Any) -> None:
    if not isinstance(actual, torch.Tensor):
        raise Mismatch(f"{what}: expected a tensor, found {_name(actual)}")
    actual, expected = actual.detach(), expected.detach()
    if actual.shape != expected.shape:
        hint = _find_mistake(actual, mistakes) or _explain_shape(list(actual.shape), list(expected.shape))
        raise Mismatch(f"{what}: the shape is {list(actual.shape)}, expected {list(expected.shape)}", hint)
    if actual.dtype != expected.dtype:
        raise Mismatch(f"{what}: the dtype is {_short(actual.dtype)}, expected {_short(expected.dtype)}")
    if actual.device != expected.device:
        raise Mismatch(
            f"{what}: the result is on {actual.device}, its inputs are on {expected.device}",
            "make new tensors on the device of the inputs",
        )
    _compare_values(actual.cpu(), expected.cpu(), what, precise, mistakes)


def _compare_values(actual: torch.Tensor, expected: torch.Tensor, what: str, precise: Any, mistakes: Any) -> None:
    if torch.equal(actual, expected):
        return
    if not expected.is_floating_point():
        different = actual != expected
    else:
        _compare_finiteness(actual, expected, what)
        different = (actual.double() - expected.double()).abs() > find_tolerance(expected, _give(precise))
        # Infinities were compared above; their difference is not a number.
        different &= torch.isfinite(expected)
    count = int(different.sum())
    if count:
        place = [int(index) for index in different.nonzero()[0]]
        message = f"{what}: {count} of {expected.numel()} values differ, the first at {place}"
        if expected.numel() == 1:
            message = f"{what}: the value differs"
        raise Mismatch(message, _find_mistake(actual, mistakes) or _explain_values(actual, expected))


def _compare_finiteness(actual: torch.Tensor, expected: torch.Tensor, what: str) -> None:
    strange = torch.isfinite(expected) & ~torch.isfinite(actual)
    if strange.any():
        kind = "nan" if torch.isnan(actual).any() else "infinite"
        raise Mismatch(f"{what}: {int(strange.sum())} of {actual.numel()} values are {kind}")
    special = ~torch.isfinite(expected)
    if special.any() and not torch.equal(actual[special], expected[special]):
        raise Mismatch(f"{what}: values that should be infinite are not")


def find_tolerance(expected: torch.Tensor, precise: Any = None) -> float:
    """How far a right result may be off: what float32 loses on this computation, and a floor relative to its scale."""
    finite = expected[torch.isfinite(expected)].double()
    scale = max(1.0, float(finite.abs().max())) if finite.numel() else 1.0
    tolerance = RELATIVE_FLOOR.get(expected.dtype, 1e-5) * scale
    if isinstance(precise, torch.Tensor) and precise.shape == expected.shape:
        lost = (precise.detach().cpu().double() - expected.cpu().double()).abs()
        tolerance += ROUNDING_FACTOR * float(lost[torch.isfinite(lost)].max()) if lost.numel() else 0.0
    return tolerance


def _find_mistake(actual: Any, mistakes: Any) -> str:
    for sentence, value in (_give(mistakes) or {}).items():
        if _is_close(actual, value):
            return str(sentence)
    return ""


def _give(value: Any) -> Any:
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
    return _explain_scale(actual, expected)


def _explain_scale(actual: torch.Tensor, expected: torch.Tensor) -> str:
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
        raise Mismatch(f"{what}: expected {len(expected)} parts, found {_name(actual)}")
    if len(actual) != len(expected):
        raise Mismatch(f"{what}: there are {len(actual)} parts, expected {len(expected)}")
    precise = _give(precise)
    for index, (one, other) in enumerate(zip(actual, expected, strict=True)):
        part = precise[index] if isinstance(precise, (list, tuple)) and len(precise) == len(expected) else None
        assert_parity(one, other, what=f"{what}[{index}]", precise=part)


def _compare_dicts(actual: Any, expected: dict[Any, Any], what: str, precise: Any) -> None:
    if not isinstance(actual, dict):
        raise Mismatch(f"{what}: expected a dict, found {_name(actual)}")
    if set(actual) != set(expected):
        raise Mismatch(
            f"{what}: the keys differ: {len(set(expected) - set(actual))} missing, "
            f"{len(set(actual) - set(expected))} too many"
        )
    precise = _give(precise)
    for key, value in expected.items():
        part = precise.get(key) if isinstance(precise, dict) else None
        assert_parity(actual[key], value, what=f"{what}[{key!r}]", precise=part)


def _compare_floats(actual: Any, expected: float, what: str, precise: Any, mistakes: Any) -> None:
    if isinstance(actual, bool) or not isinstance(actual, (int, float)):
        raise Mismatch(f"{what}: expected a number, found {_name(actual)}")
    both = [torch.tensor(float(value), dtype=torch.float64) for value in (actual, expected)]
    precise = _give(precise)
    tolerance = find_tolerance(both[1].float(), torch.tensor(precise) if isinstance(precise, float) else None)
    if not abs(actual - expected) <= tolerance:
        raise Mismatch(f"{what}: the value differs", _find_mistake(float(actual), mistakes))


def _double(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.detach().double()
    if isinstance(value, (list, tuple)):
        return type(value)(_double(item) for item in value)
    return value


def _name(value: Any) -> str:
    if value is None:
        return "None (is there a `return`?)"
    if isinstance(value, RemoteObject):
        return _name_remote(value._type)
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {list(value.shape)}"
    return f"a {type(value).__name__}"


def _name_remote(kind: str) -> str:
    leftover = kind.removeprefix("leftover ")
    if leftover != kind:
        return f"the global variable {leftover!r} of a notebook (the function never computed it)"
    return f"an object of type {kind}"


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
