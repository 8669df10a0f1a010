"""Tools for tests that work on a module on either side: the reference's own, or a remote one."""

import copy
from collections.abc import Callable
from typing import Any

import torch

from grader.examiner.mismatch import Mismatch
from grader.examiner.proxy import RemoteObject, apply_stand_in, request_gradients
from grader.model.verdict import SubmissionError, Verdict

# Where a test is run by hand, pytest shows the test's own lines only.
__tracebackhide__ = True

Shape = tuple[int, ...]
# What two layers of one role have in common, whatever they are called; the closest first.
_LIKENESS: tuple[Callable[[str, Shape], tuple[Any, ...]], ...] = (
    lambda name, shape: (name.rsplit(".", 1)[-1], shape),
    lambda name, shape: shape,
)


def in_float64(module: Any, *inputs: Any, method: str = "forward") -> Any:
    """Return what a copy of `module` (or a function) returns in float64."""
    doubled = [_double(value) for value in inputs]
    with torch.no_grad():
        if not isinstance(module, torch.nn.Module):
            return module(*doubled)
        precise = copy.deepcopy(module).double()
        return getattr(precise, method)(*doubled)


def _double(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.detach().double()
    if isinstance(value, (list, tuple)):
        return type(value)(_double(item) for item in value)
    return value


def parameter_gradients(module: Any) -> dict[str, torch.Tensor | None]:
    """Return the gradient of every parameter by name, of a module on either side."""
    if not isinstance(module, RemoteObject):
        return {name: parameter.grad for name, parameter in module.named_parameters()}
    gradients = request_gradients(module)
    if not isinstance(gradients, dict):
        raise SubmissionError(Verdict.MALFORMED_REPLY, "parameter gradients that are no dict")
    return gradients


def state_shapes(module: Any) -> dict[str, Shape] | None:
    """Return the shapes in the state dict of a module on either side, by name; None if it is no dict of tensors."""
    if not isinstance(module, RemoteObject):
        return read_shapes(module)
    # Read inside the jail: otherwise the tensors themselves would have to travel.
    shapes = apply_stand_in(read_shapes, module)
    if shapes is None:
        return None
    found = list(shapes.values()) if isinstance(shapes, dict) else [None]
    if not all(isinstance(shape, tuple) and all(type(size) is int for size in shape) for shape in found):
        raise SubmissionError(Verdict.MALFORMED_REPLY, "shapes that are none")
    return {str(name): shape for name, shape in shapes.items()}


def read_shapes(module: torch.nn.Module) -> dict[str, tuple[int, ...]] | None:
    """Return what `state_shapes` returns. It travels into the jail as source text."""
    state = module.state_dict()
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        return None
    return {str(name): tuple(value.shape) for name, value in state.items()}


def load_weights(theirs: Any, ours: torch.nn.Module) -> None:
    """Give the submission's module the reference's weights.

    By name; where layers were renamed, by the last part of the name and the shape, in order. Raises Mismatch where
    that is ambiguous.
    """
    weights = {name: tensor.detach() for name, tensor in ours.state_dict().items()}
    names = state_shapes(theirs)
    if names is None:
        raise Mismatch("the module's state_dict() is not a dict of tensors")
    if set(names) != set(weights) or any(names[name] != tuple(weights[name].shape) for name in names):
        weights = _rename(weights, names)
    theirs.load_state_dict(weights)


def _rename(weights: dict[str, torch.Tensor], names: dict[str, Shape]) -> dict[str, torch.Tensor]:
    renamed = {name: weights[name] for name in names if name in weights and tuple(weights[name].shape) == names[name]}
    left = {name: tensor for name, tensor in weights.items() if name not in renamed}
    open_names = [name for name in names if name not in renamed]
    for key in _LIKENESS:
        for name in list(open_names):
            ours = [n for n, tensor in left.items() if key(n, tuple(tensor.shape)) == key(name, names[name])]
            rivals = [n for n in open_names if key(n, names[n]) == key(name, names[name])]
            if ours and len(ours) == len(rivals):
                renamed[name] = left.pop(ours[0])
                open_names.remove(name)
    if left or open_names:
        expected = {name: tuple(tensor.shape) for name, tensor in weights.items()}
        raise Mismatch(
            f"the layers do not match the skeleton's: expected {_list_shapes(expected)}, found "
            f"{_list_shapes(names) or 'none'}",
            "the constructor is given code: restore its layers and their sizes",
        )
    return renamed


def _list_shapes(shapes: dict[str, Shape]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
