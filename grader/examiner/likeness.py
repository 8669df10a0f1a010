"""Measure how much of a right answer is in a result: enough to tell a slip from a value that tells nothing.

A gate test is run with `collect_likeness`: its `assert_parity` then measures and raises nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

import torch

# How far a number may be from the right one, relative to it, and still be like it.
NEARNESS = 0.25
MAX_ITEMS = 2000
MIN_CORRELATED = 3
MIN_PAIRED = 4

_COLLECTED: ContextVar[list[float] | None] = ContextVar("likeness", default=None)


@contextmanager
def collect_likeness() -> Iterator[list[float]]:
    """Let `assert_parity` measure likeness into the list that is given, instead of comparing."""
    found: list[float] = []
    token = _COLLECTED.set(found)
    try:
        yield found
    finally:
        _COLLECTED.reset(token)


def note_likeness(actual: Any, expected: Any) -> bool:
    """Measure two values where likeness is being collected. False where it is not."""
    found = _COLLECTED.get()
    if found is None:
        return False
    found.append(measure_likeness(actual, expected))
    return True


def measure_likeness(actual: Any, expected: Any) -> float:
    """Return a number from 0, nothing in common, to 1: the same up to scale and offset."""
    if isinstance(expected, torch.Tensor):
        return _compare_tensors(actual, expected.detach().cpu())
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping) or not expected:
            return float(isinstance(actual, Mapping) and not actual and not expected)
        return math.fsum(measure_likeness(actual.get(key), value) for key, value in expected.items()) / len(expected)
    if isinstance(expected, (list, tuple, str)):
        return _compare_sequences(actual, expected)
    if isinstance(expected, bool) or expected is None:
        return float(actual is expected)
    if isinstance(expected, (int, float)):
        if isinstance(actual, torch.Tensor) and actual.numel() == 1:
            actual = actual.item()
        if isinstance(actual, bool) or not isinstance(actual, (int, float)):
            return 0.0
        return float(abs(actual - float(expected)) <= NEARNESS * abs(float(expected)) + 1e-9)
    return 0.0


def _compare_tensors(actual: Any, expected: torch.Tensor) -> float:
    if not isinstance(actual, torch.Tensor):
        return 0.0
    if actual.numel() != expected.numel():
        both = [tensor.detach().cpu().flatten().tolist() for tensor in (actual, expected)]
        return 0.0 if expected.is_floating_point() else _compare_sequences(*both)
    one, other = (tensor.detach().cpu().double().flatten() for tensor in (actual, expected))
    return _correlate(one.nan_to_num(0.0, 1e4, -1e4), other.nan_to_num(0.0, 1e4, -1e4))


def _correlate(one: torch.Tensor, other: torch.Tensor) -> float:
    if not other.numel() or torch.equal(other, other[:1].expand_as(other)):
        return float(torch.allclose(one, other, rtol=NEARNESS, atol=1e-6))
    correlation = _find_correlation(one, other)
    if correlation > 0 and not torch.equal(one, one[:1].expand_as(one)):
        # Of ranks, too: a function that only bends the numbers keeps their order.
        correlation = max(correlation, _find_correlation(_rank(one), _rank(other)))
    # Squared, so that the correlation that a few values in any order have by chance counts for little.
    return correlation**2 if correlation > 0 else 0.0


def _find_correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.cosine_similarity(one - one.mean(), other - other.mean(), dim=0))


def _rank(values: torch.Tensor) -> torch.Tensor:
    return values.argsort().argsort().double()


def _compare_sequences(actual: Any, expected: Sequence[Any]) -> float:
    if not isinstance(actual, (list, tuple, str)) or isinstance(actual, str) != isinstance(expected, str):
        return 0.0
    if not expected or not actual:
        return float(not expected and not actual)
    one, other = ([_as_plain(item) for item in items[:MAX_ITEMS]] for items in (actual, expected))
    if all(isinstance(item, float) for item in [*one, *other]) and len(one) == len(other) >= MIN_CORRELATED:
        return _correlate(torch.tensor(one, dtype=torch.float64), torch.tensor(other, dtype=torch.float64))
    if all(isinstance(item, (int, str, tuple)) for item in [*one, *other]):
        return SequenceMatcher(None, _pair_up(one), _pair_up(other), autojunk=False).ratio()
    parts = [measure_likeness(*pair) for pair in zip(actual, expected, strict=False)]
    return math.fsum(parts) / max(len(actual), len(expected))


def _as_plain(item: Any) -> Any:
    plain = isinstance(item, (list, tuple)) and all(isinstance(part, (int, str)) for part in item)
    return tuple(item) if plain else item


def _pair_up(items: list[Any]) -> list[Any]:
    # Neighbours: in another order few of them are left, where many items stay in order by chance.
    return list(pairwise(items)) if len(items) >= MIN_PAIRED else items
