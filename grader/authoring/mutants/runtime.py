"""Alter values as a student's mistake would. Mutants import this; it runs in the process that grades them."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Memory = dict[Any, Any]
Alteration = Callable[[Any], Any]


def alter_value(kind: str, value: Any, memory: Memory, *more: Any) -> Any:
    """Return what a mistake of that kind makes of a value. `memory` lasts as long as the submission's definitions."""
    if kind in ON_VALUES:
        return _map(*ON_VALUES[kind], value)
    return _WITH_MORE[kind](value, memory, *more)


def list_applicable(value: Any) -> set[str]:
    """Return the kinds of mistakes that can be made on such a value."""
    parts = value if isinstance(value, tuple) else (value,)
    kinds = {kind for kind, (fits, _) in ON_VALUES.items() if any(map(fits, parts))}
    return kinds | {kind for kind, fits in FITTING.items() if any(map(fits, parts))}


def describe_form(value: Any) -> Any:
    """Return what two values of the same form have in common: the type, and the shape of a tensor."""
    if isinstance(value, Tensor):
        return (tuple(value.shape), value.dtype, value.device)
    if isinstance(value, list | tuple):
        return tuple(describe_form(part) for part in value)
    return type(value).__name__


def _map(fits: Callable[[Any], bool], change: Alteration, value: Any) -> Any:
    """Alteration a value, or the parts of a tuple. What the mistake cannot be made on stays as it is."""
    if isinstance(value, tuple):
        parts = [_map(fits, change, part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return change(value) if fits(value) else value


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)


def _is_float(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def _is_tracked(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _has_axes(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dim() > 1


def _has_steps(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.dim() > 0 and len(value) > 1
    return isinstance(value, list | str) and len(value) > 1


def _is_plain_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, int | float | str) for item in value)


def _is_sortable(value: Any) -> bool:
    return _is_plain_list(value) or (_is_tensor(value) and _has_steps(value) and value.dtype != torch.bool)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, Tensor) and value.dtype == torch.bool)


def _is_kept(value: Any) -> bool:
    return isinstance(value, Tensor | list | str | int | float | dict)


def _is_module(value: Any) -> bool:
    return isinstance(value, torch.nn.Module)


def _has_layout(value: Any) -> bool:
    """Return whether a module takes batch and time in an order: torch's plain layers take any axes in front."""
    is_plain = type(value).__module__.startswith("torch.nn.modules") and not isinstance(value, torch.nn.RNNBase)
    return _is_module(value) and not is_plain


def _is_spoilable(value: Any) -> bool:
    return (isinstance(value, Tensor) and value.numel() > 1) or (isinstance(value, list) and bool(value))


def _shift(value: Any) -> Any:
    return value.roll(1, 0) if isinstance(value, Tensor) else value[-1:] + value[:-1]


# For each kind: what it can be made on, and what it makes of that.
ON_VALUES: dict[str, tuple[Callable[[Any], bool], Alteration]] = {
    "cut-graph": (_is_tracked, lambda value: value.detach()),
    "squeeze": (_is_tensor, lambda value: value.squeeze()),
    "add-axis": (_is_tensor, lambda value: value.unsqueeze(0)),
    "transpose": (_has_axes, lambda value: value.transpose(-2, -1)),
    "flip-axes": (_has_axes, lambda value: value.transpose(0, 1)),
    "drop-last-step": (_has_steps, lambda value: value[:-1]),
    "drop-first-step": (_has_steps, lambda value: value[1:]),
    "reverse-steps": (_has_steps, lambda value: value.flip(0) if isinstance(value, Tensor) else value[::-1]),
    "shift-steps": (_has_steps, _shift),
    "sort": (_is_sortable, lambda value: value.sort(dim=0).values if isinstance(value, Tensor) else sorted(value)),
    "drop-repeated": (_is_plain_list, lambda value: list(dict.fromkeys(value))),
    "zero-state": (_is_tensor, torch.zeros_like),
    "one-state": (_is_tensor, torch.ones_like),
    "half-precision": (_is_float, lambda value: value.half().to(value.dtype)),
    "double-precision": (_is_float, lambda value: value.double()),
    "cpu-only": (_is_tensor, lambda value: value.cpu()),
    "invert": (_is_truth, lambda value: ~value if isinstance(value, Tensor) else not value),
}
FITTING: dict[str, Callable[[Any], bool]] = {
    "remember-in-module": _is_kept,
    "remember-on-self": _is_kept,
    "previous-step": _is_kept,
    "spoil-input": _is_spoilable,
    "leave-gradients": _is_module,
    "wrong-mode": _is_module,
    "guess-layout": _has_axes,
    "batch-first": _has_layout,
    "ignore-argument": _is_kept,
}


def _remember(value: Any, memory: Memory, *owner: Any) -> Any:
    """Return the first value of the same form: of the process, or of the object that the method belongs to."""
    place = owner[0].__dict__.setdefault("_kept", {}) if owner else memory
    kept = place.get("first")
    if kept is None or describe_form(kept) != describe_form(value):
        place["first"] = kept = value
    return kept


def _take_previous(value: Any, memory: Memory, before: Memory) -> Any:
    """Return the value of the step before; `before` lasts for one call."""
    previous, before["value"] = before.get("value", value), value
    return previous


def _spoil(value: Any, memory: Memory, argument: Any) -> Any:
    """Return the value, and leave another argument behind. One that wants a gradient cannot be written."""
    if isinstance(argument, Tensor) and not argument.requires_grad:
        value = value.clone() if isinstance(value, Tensor) else value
        argument.data.copy_(argument.data.flip(0) if argument.dim() == 1 else argument.data.flip(0).roll(1, -1))
    elif isinstance(argument, list) and argument:
        value = copy.copy(value) if value is argument else value
        argument.append(argument[0])
    return value


def _leave_gradients(value: Any, memory: Memory, *modules: Any) -> Any:
    for module in modules:
        for parameter in module.parameters() if _is_module(module) else ():
            parameter.grad = torch.ones_like(parameter)
    return value


def _set_mode(value: Any, memory: Memory, training: bool) -> Any:
    return value.train(training) if _is_module(value) else value


def _reshape_instead(value: Any, memory: Memory, given: Any) -> Any:
    return given.reshape(value.shape) if _is_tensor(value) and _is_tensor(given) else value


def _guess_layout(value: Any, memory: Memory, longest_first: bool) -> Any:
    if not _has_axes(value):
        return value
    is_other = value.size(0) < value.size(1) if longest_first else value.size(0) > value.size(1)
    return value.transpose(0, 1) if is_other else value


def _forget(value: Any, memory: Memory) -> Any:
    if isinstance(value, Tensor):
        return torch.zeros_like(value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return type(value)(1)
    return type(value)() if isinstance(value, str | list | dict) else value


_WITH_MORE: dict[str, Callable[..., Any]] = {
    "remember-in-module": _remember,
    "remember-on-self": _remember,
    "previous-step": _take_previous,
    "spoil-input": _spoil,
    "leave-gradients": _leave_gradients,
    "wrong-mode": _set_mode,
    "reshape-for-transpose": _reshape_instead,
    "guess-layout": _guess_layout,
    "ignore-argument": _forget,
}
