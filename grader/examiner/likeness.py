"""Measure how much of a right answer is in a result: enough to tell a slip from a value that tells nothing.

A gate test is run with `collect_likeness`: its `assert_parity` then measures and raises nothing.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from grader.wire.libraries import is_array, is_column, is_table, is_tensor, read_number

# How far a number may be from the right one, relative to it, and still be like it.
NEARNESS = 0.25
MAX_ITEMS = 2000
MIN_CORRELATED = 3
MIN_PAIRED = 4
# The number in place of an infinite one, and the least product of lengths that says something.
LARGEST = 1e4
LEAST_SIZE = 1e-12

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
    expected = read_number(expected)
    if is_tensor(expected) or is_array(expected):
        return _compare_arrays(actual, expected)
    if is_table(expected) or is_column(expected):
        is_alike = type(actual) is type(expected) and actual.shape == expected.shape
        return measure_likeness(*(value.to_numpy() for value in (actual, expected))) if is_alike else 0.0
    if dataclasses.is_dataclass(expected) and not isinstance(expected, type):
        names = [field.name for field in dataclasses.fields(expected)]
        actual, expected = ({name: getattr(value, name, None) for name in names} for value in (actual, expected))
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping) or not expected:
            return float(isinstance(actual, Mapping) and not actual and not expected)
        return math.fsum(measure_likeness(actual.get(key), value) for key, value in expected.items()) / len(expected)
    if isinstance(expected, Set):
        return _compare_sets(actual, expected)
    if isinstance(expected, (list, tuple, str)):
        return _compare_sequences(actual, expected)
    if isinstance(expected, bool) or expected is None:
        return float(actual is expected)
    if isinstance(expected, (int, float, complex)):
        if is_tensor(actual) and actual.numel() == 1:
            actual = actual.item()
        if isinstance(actual, bool) or not isinstance(actual, (int, float, complex)):
            return 0.0
        return float(abs(actual - expected) <= NEARNESS * abs(expected) + 1e-9)
    return float(type(actual) is type(expected) and bool(actual == expected))


def _compare_sets(actual: Any, expected: Set[Any]) -> float:
    if not isinstance(actual, Set):
        return 0.0
    both = set(actual) | set(expected)
    return len(set(actual) & set(expected)) / len(both) if both else 1.0


def _compare_arrays(actual: Any, expected: Any) -> float:
    from grader.examiner.array_parity import to_array

    if is_tensor(actual) != is_tensor(expected) or is_array(actual) != is_array(expected):
        return 0.0
    one, other = (to_array(value).ravel() for value in (actual, expected))
    if other.dtype.kind not in "biufc" or one.dtype.kind not in "biufc":
        return _compare_sequences(one.tolist(), other.tolist())
    if one.size != other.size:
        return 0.0 if other.dtype.kind in "fc" else _compare_sequences(one.tolist(), other.tolist())
    if "c" in one.dtype.kind + other.dtype.kind:
        return 0.5 * math.fsum(
            _correlate(*(getattr(v, part).tolist() for v in (one, other))) for part in ("real", "imag")
        )
    return _correlate(one.tolist(), other.tolist())


def _correlate(one: Sequence[float], other: Sequence[float]) -> float:
    one, other = ([_bound(float(number)) for number in numbers] for numbers in (one, other))
    if not other or other.count(other[0]) == len(other):
        return float(all(abs(a - b) <= NEARNESS * abs(b) + 1e-6 for a, b in zip(one, other, strict=True)))
    correlation = _find_correlation(one, other)
    if correlation > 0 and one.count(one[0]) < len(one):
        # Of ranks, too: a function that only bends the numbers keeps their order.
        correlation = max(correlation, _find_correlation(_rank(one), _rank(other)))
    # Squared, so that the correlation that a few values in any order have by chance counts for little.
    return correlation**2 if correlation > 0 else 0.0


def _bound(number: float) -> float:
    return 0.0 if math.isnan(number) else max(-LARGEST, min(LARGEST, number)) if math.isinf(number) else number


def _find_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    means = math.fsum(one) / len(one), math.fsum(other) / len(other)
    one, other = ([number - mean for number in numbers] for numbers, mean in zip((one, other), means, strict=True))
    size = math.sqrt(math.fsum(a * a for a in one)) * math.sqrt(math.fsum(b * b for b in other))
    return math.fsum(a * b for a, b in zip(one, other, strict=True)) / size if size > LEAST_SIZE else 0.0


def _rank(values: Sequence[float]) -> list[float]:
    ranks = [0.0] * len(values)
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        ranks[place] = float(rank)
    return ranks


def _compare_sequences(actual: Any, expected: Sequence[Any]) -> float:
    if not isinstance(actual, (list, tuple, str)) or isinstance(actual, str) != isinstance(expected, str):
        return 0.0
    if not expected or not actual:
        return float(not expected and not actual)
    one, other = ([_as_plain(item) for item in items[:MAX_ITEMS]] for items in (actual, expected))
    if all(isinstance(item, float) for item in [*one, *other]) and len(one) == len(other) >= MIN_CORRELATED:
        return _correlate(one, other)
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
