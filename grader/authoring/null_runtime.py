"""Replace what a function returns by a value that tells nothing of the answer. Null answers import this."""

import atexit
import copy
import dataclasses
import functools
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from grader.wire.libraries import is_array, is_tensor, read_number

if TYPE_CHECKING:
    import torch

Inputs = Sequence[Any]
# The types of `torch.float32` and `torch.device("cpu")`.
_NO_ANSWERS = ("<class 'torch.dtype'>", "<class 'torch.device'>")
LETTERS = "abcdefghijklmnopqrstuvwxyz "


class _State:
    """The state of the replaced functions: whether one is running, and what each one returned first."""

    running = False
    first: dict[str, Any] = {}  # noqa: RUF012 - one for the process, however often a null answer is loaded


def forget_first_results() -> None:
    """Let the next call of each function be its first."""
    _State.first = {}


def make_null(function: Callable[..., Any], kind: str, name: str) -> Callable[..., Any]:
    """Return a function that runs `function` on copies of its arguments, and returns a null answer of that kind."""

    @functools.wraps(function)
    def answer(*args: Any, **kwargs: Any) -> Any:
        if _State.running:
            return function(*args, **kwargs)
        _State.running = True
        try:
            # On copies: what is written into an argument is an answer, too. And unseen by tests that watch torch.
            with _hide_from_torch():
                copies = [_copy(item) for item in args], {key: _copy(item) for key, item in kwargs.items()}
                result = function(*copies[0], **copies[1])
        finally:
            _State.running = False
        if kind == "first":
            return _copy(_State.first.setdefault(name, _copy(result)))
        return replace_value(result, kind, [*args, *kwargs.values()])

    return answer


def _hide_from_torch() -> AbstractContextManager[Any]:
    torch = sys.modules.get("torch")
    return torch._C.DisableTorchFunction() if torch is not None else nullcontext()


def replace_value(value: Any, kind: str, inputs: Inputs) -> Any:
    """Return a null answer with the structure of `value`."""
    value = read_number(value)
    if value is None or isinstance(value, type) or str(type(value)) in _NO_ANSWERS:
        return value
    if is_tensor(value):
        return _replace_tensor(value.detach(), kind, inputs)
    if is_array(value):
        return _replace_array(value, kind, inputs)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: getattr(value, part.name) for part in dataclasses.fields(value)}
        return dataclasses.replace(value, **{key: replace_value(part, kind, inputs) for key, part in parts.items()})
    if isinstance(value, MutableMapping):
        return _replace_mapping(value, kind, inputs)
    if isinstance(value, (list, tuple)):
        return _replace_sequence(value, kind, inputs)
    if isinstance(value, (set, frozenset)):
        return type(value)(_replace_sequence(list(value), kind, inputs)) if kind != "permuted" else type(value)()
    if isinstance(value, bytes):
        return _replace_scalar(value.decode("latin-1"), kind, inputs).encode("latin-1")
    if isinstance(value, date):
        return value - timedelta(days=1 + random.randrange(1000))
    if isinstance(value, (bool, int, float, str)):
        return _replace_scalar(value, kind, inputs)
    return NullObject(value, kind)


class NullObject:
    """An object whose attributes are null answers, and whose methods return them."""

    def __init__(self, value: Any, kind: str) -> None:
        self._value = value
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self._value, name)
        return make_null(found, self._kind, name) if callable(found) else replace_value(found, self._kind, [])

    def __len__(self) -> int:
        return int(replace_value(len(self._value), self._kind, []))


def _copy(value: Any) -> Any:
    if is_tensor(value):
        return value.detach().clone().requires_grad_(value.requires_grad and value.is_leaf)
    if type(value) in (tuple, list):
        return type(value)(_copy(item) for item in value)
    if isinstance(value, str) and value.startswith(tempfile.gettempdir()) and os.path.isdir(os.path.dirname(value)):
        return _copy_file(value)
    if hasattr(value, "clone_state"):  # a generator of torch
        return value.clone_state()
    try:
        return copy.deepcopy(value)
    except (TypeError, RuntimeError, AttributeError, ValueError):
        return value  # it cannot be copied: what the function does to it stays


def _copy_file(path: str) -> str:
    """Return the path of a file's copy, with its neighbours: what a function writes into files is an answer, too.

    A file that lies in the folder of temporary files itself has no neighbours: those are other programs' files.
    """
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if os.path.dirname(path) != tempfile.gettempdir():
        shutil.copytree(os.path.dirname(path), folder, dirs_exist_ok=True)
    elif os.path.isfile(path):
        shutil.copy(path, folder)
    return os.path.join(folder, os.path.basename(path))


def _replace_array(value: Any, kind: str, inputs: Inputs) -> Any:
    import numpy

    if kind == "input":
        fitting = [item for item in inputs if is_array(item) and item.size == value.size]
        return fitting[0].reshape(value.shape).astype(value.dtype) if fitting else numpy.zeros_like(value)
    if kind == "noise" and value.dtype.kind in "fc":
        return numpy.random.random(value.shape).astype(value.dtype)
    if kind in ("noise", "permuted"):
        return numpy.random.permutation(value.ravel()).reshape(value.shape)
    return numpy.ones_like(value) if kind == "ones" else numpy.zeros_like(value)


def _replace_tensor(value: "torch.Tensor", kind: str, inputs: Inputs) -> "torch.Tensor":
    import torch

    if kind == "input":
        fitting = [item for item in inputs if isinstance(item, torch.Tensor) and item.numel() == value.numel()]
        return fitting[0].detach().clone().reshape(value.shape).to(value.dtype) if fitting else torch.zeros_like(value)
    if kind == "ones":
        return torch.ones_like(value)
    if kind == "noise" and (value.is_floating_point() or not value.numel()):
        return torch.rand(value.shape).to(value)
    if kind == "noise":
        whole = value.long()  # integers as large as those of the right answer; booleans, too
        return torch.randint(int(whole.min()), int(whole.max()) + 1, value.shape).to(value)
    if kind == "permuted":
        order = torch.randperm(value.numel()).to(value.device)
        return value.flatten()[order].reshape(value.shape).clone()
    return torch.zeros_like(value)


def _replace_mapping(value: MutableMapping[Any, Any], kind: str, inputs: Inputs) -> MutableMapping[Any, Any]:
    replaced = copy.copy(value)  # of its own type, which may have methods
    if isinstance(value, dict) and kind == "empty":
        return type(value)()
    parts = list(value.values())
    if kind == "permuted":
        random.shuffle(parts)
    for key, part in zip(list(value), parts, strict=True):
        replaced[key] = replace_value(part, kind, inputs)
    return replaced


def _replace_sequence(value: Any, kind: str, inputs: Inputs) -> Any:
    if kind == "empty" and isinstance(value, list):
        return []
    fitting = [item for item in inputs if type(item) is type(value)]
    if kind == "input" and fitting:
        return copy.deepcopy(fitting[0])
    if kind == "permuted" and all(isinstance(item, (bool, int, float, str)) for item in value):
        items = random.sample(list(value), len(value))
    else:
        items = [replace_value(item, kind, inputs) for item in value]
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)


def _replace_scalar(value: Any, kind: str, inputs: Inputs) -> Any:
    fitting = [item for item in inputs if type(item) is type(value)]
    if kind == "input" and fitting:
        return fitting[0]
    if isinstance(value, str) and kind == "ones":
        return value[:1] * len(value)
    if isinstance(value, str) and kind == "noise":
        return "".join(random.choices(LETTERS, k=len(value)))
    if isinstance(value, str):
        return "".join(random.sample(value, len(value))) if kind == "permuted" else ""
    if kind == "ones":
        return type(value)(1)
    if kind == "noise":
        return _draw_other(value)
    return type(value)()


def _draw_other(value: bool | int | float) -> Any:
    """Return a random number of that type; an integer differs from `value`, which would be right by chance."""
    if isinstance(value, bool):
        return random.random() < 0.5
    if isinstance(value, float):
        return random.random()
    return random.randrange(value) if value > 0 else random.randint(1 if value == 0 else 0, max(-value, 1))
