"""Does a mutant behave like the reference? Its replies to tests are compared, and its functions are called again.

Tests alone cannot tell: a mutant that keeps its first result replies the same where no test calls twice. So the
calls that the survey kept are made on both, as they were, twice with other numbers, and with an axis of size 1.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from grader.authoring.mutants.model import Mutant
from grader.authoring.mutants.survey import KeptCall, Survey, copy_values
from grader.jail.loader import compile_definitions
from grader.sandbox.in_process import InProcessChannel
from grader.wire.frames import Frame, pack_frame
from grader.wire.messages import is_load

# Where an axis of the inputs has this size, the code may take another way.
ONE = 1


class DigestingChannel(InProcessChannel):
    """A channel in this process that digests the replies."""

    def __init__(self) -> None:
        super().__init__()
        self.restart()

    def restart(self) -> None:
        """Forget the replies so far."""
        self._digest = blake2b(digest_size=16)

    def ask(self, frames: Sequence[Frame]) -> list[Frame]:
        """Return the server's answers."""
        replies = super().ask(frames)
        # A load belongs to no test: which one needs it depends on the tests before it.
        for reply in [] if is_load(frames[0]) else replies:
            self._digest.update(pack_frame(reply))
        return replies

    def read_digest(self) -> str:
        """Return the digest of all replies so far."""
        return self._digest.hexdigest()


@dataclass(frozen=True)
class Trial:
    """One or two calls to make on the reference and on a mutant. `name` says what they look at."""

    name: str
    place: str
    calls: tuple[dict[str, Any], ...]
    random_state: Tensor


class Comparison:
    """The reference's results of every trial, to compare mutants with."""

    def __init__(self, source: str, module: str, survey: Survey) -> None:
        self._module = module
        reference = self._load(source)
        # A trial that the reference refuses says nothing.
        self._trials: list[tuple[Trial, Any]] = []
        for place, calls in survey.calls.items():
            for trial in _list_trials(place, calls):
                result = _run_trial(trial, reference)
                if not isinstance(result, Exception):
                    self._trials.append((trial, result))

    def find_difference(self, mutant: Mutant, places: set[str]) -> str:
        """Return the name of a trial of these functions in which a mutant differs; empty where none does."""
        module = self._load(mutant.source)
        for trial, expected in self._trials:
            if trial.place in places and not _is_same(_run_trial(trial, module), expected):
                return trial.name
        return ""

    def _load(self, source: str) -> ModuleType:
        return compile_definitions(source, self._module).make_module([])


def _list_trials(place: str, calls: Sequence[KeptCall]) -> Iterator[Trial]:
    for call in calls:
        yield Trial("a single call", place, (call.arguments,), call.random_state)
        twins = [other.arguments for other in calls if other.form == call.form and other is not call]
        for again in (*twins, _change_arguments(call.arguments, _disturb)):
            again = {name: call.arguments[name] if name == "self" else value for name, value in again.items()}
            yield Trial("a second call with other values", place, (call.arguments, again), call.random_state)
        for name, change in VARIATIONS.items():
            varied = _change_arguments(call.arguments, change)
            yield Trial(name, place, (varied,), call.random_state)
        for size in sorted({size for value in _list_tensors(call.arguments) for size in value.shape if size > ONE}):
            narrow = _change_arguments(call.arguments, _make_narrower(size))
            yield Trial("an axis of size 1", place, (narrow,), call.random_state)


def _run_trial(trial: Trial, module: ModuleType) -> Any:
    """Return what the calls return and leave behind; the exception where one raises."""
    owner, _, method = trial.place.partition(".")
    random_state = torch.get_rng_state()
    torch.set_rng_state(trial.random_state)
    subject: Any = None
    results = []
    try:
        for arguments in trial.calls:
            given = copy_values(arguments) or {}
            if method and "self" in given:
                subject = subject or given["self"]
                subject.__class__ = getattr(module, owner)
                given["self"] = subject
            function = getattr(getattr(module, owner), method) if method else getattr(module, owner)
            results.append((_observe(function(**given), given), _observe_arguments(given)))
    except Exception as error:  # noqa: BLE001 - a mutant may raise anything, and then differs
        return error
    finally:
        torch.set_rng_state(random_state)
    return results


def _observe(result: Any, given: Mapping[str, Any]) -> Any:
    """Return a result with the gradients that it gives its arguments."""
    tensors = [part for part in _list_parts(result) if isinstance(part, Tensor) and part.requires_grad]
    if not tensors:
        return result
    wanted = [value for value in _list_tensors(given) if value.requires_grad and value.is_leaf]
    modules = [value for value in given.values() if isinstance(value, torch.nn.Module)]
    wanted += [parameter for module in modules for parameter in module.parameters()]
    weighted = [
        (part * torch.arange(1.0, part.numel() + 1).reshape(part.shape).to(part)).sum().cpu() for part in tensors
    ]
    gradients = torch.autograd.grad(torch.stack(weighted).sum(), wanted, allow_unused=True) if wanted else ()
    return result, [part.requires_grad for part in _list_parts(result) if isinstance(part, Tensor)], gradients


def _observe_arguments(given: Mapping[str, Any]) -> Any:
    modules = [value for value in given.values() if isinstance(value, torch.nn.Module)]
    left = [parameter.grad for module in modules for parameter in module.parameters()]
    plain = {name: value for name, value in given.items() if isinstance(value, Tensor | list | dict)}
    state = {name: value for module in modules for name, value in module.state_dict().items()}
    return plain, left, state, [value.grad for value in _list_tensors(given) if value.is_leaf]


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        alike = one.shape == other.shape and one.dtype == other.dtype and one.device == other.device
        return alike and _has_same_values(one.detach().cpu(), other.detach().cpu())
    # A Counter travels to the tests as a dict: none of them can tell one from the other.
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(map(_is_same, one.values(), other.values()))
    if type(one).__name__ != type(other).__name__:
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    # Twice no number is the same: the loss of a text of one token, which predicts nothing, is nan in either.
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other) if isinstance(one, int | float | str | bool | None) else True


def _has_same_values(one: Tensor, other: Tensor) -> bool:
    undefined = one.isnan()
    return torch.equal(undefined, other.isnan()) and torch.equal(
        one.masked_fill(undefined, 0), other.masked_fill(undefined, 0)
    )


def _list_parts(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _list_parts(part)
    else:
        yield value


def _list_tensors(arguments: Mapping[str, Any]) -> list[Tensor]:
    return [part for value in arguments.values() for part in _list_parts(value) if isinstance(part, Tensor)]


def _change_arguments(arguments: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: value if name == "self" else _change(value, change) for name, value in arguments.items()}


def _change(value: Any, change: Callable[[Any], Any]) -> Any:
    if type(value) in (list, tuple):
        return change(type(value)(_change(part, change) for part in value))
    return change(value)


def _repeat(value: Any) -> Any:
    if isinstance(value, str):
        return f"{value} {value}"
    return value * 2 if type(value) is list else value


def _shorten(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(word[0] for word in value.split())
    return value[:ONE] if type(value) is list else value


def _zero(value: Any) -> Any:
    return 0 if type(value) is int else value


VARIATIONS: dict[str, Callable[[Any], Any]] = {
    "a text or a list with everything twice": _repeat,
    "a text of single letters, or a list of one": _shorten,
    "a number that is 0": _zero,
}


def _disturb(value: Any) -> Any:
    """Return other numbers of the same form."""
    if isinstance(value, Tensor) and value.dim():
        turned = value.detach().flip(-1)
        return (turned + 0.25 if value.is_floating_point() else turned).requires_grad_(value.requires_grad)
    if type(value) is list and value and all(isinstance(item, int) for item in value):
        return value[::-1]
    if type(value) is int:
        return value + 1
    return value[::-1] if isinstance(value, str) else copy.copy(value)


def _make_narrower(size: int) -> Callable[[Any], Any]:
    def narrow(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        cut = value.detach()
        for axis, length in enumerate(value.shape):
            cut = cut.narrow(axis, 0, ONE) if length == size else cut
        return cut.clone().requires_grad_(value.requires_grad)

    return narrow
