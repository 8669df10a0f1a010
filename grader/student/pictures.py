"""Make pictures of what a public test compared, where a picture says more than a sentence.

A public test attaches one by comparing with `assert_parity`: a matrix becomes a heat map, a long list of numbers a
curve, a list of words a row of tokens. Hidden tests have no pictures: these would show what is expected.
"""

import math
from collections.abc import Sequence
from typing import Any

from grader.student.findings import Picture, Row
from grader.wire.libraries import is_array, is_tensor

# More is too small to be seen.
MOST_ROWS, MOST_COLUMNS, MOST_POINTS = 24, 24, 200
# Fewer values are read faster than they are looked at.
LEAST_VALUES, LEAST_POINTS = 4, 13
MAX_WORD = 40


def make_picture(found: Any, expected: Any) -> Picture | None:
    """Return the picture of two values; None where none would help."""
    if _are_words(found) and _are_words(expected):
        return Picture("tokens", (_cut_words(found),), (_cut_words(expected),))
    one, other = _read_rows(found), _read_rows(expected)
    if one is None or other is None:
        return None
    if all(len(rows) == 1 and LEAST_POINTS <= len(rows[0]) <= MOST_POINTS for rows in (one, other)):
        return Picture("curve", one, other)
    if _fits(one) and _fits(other) and sum(map(len, other)) >= LEAST_VALUES:
        return Picture("matrix", one, other)
    return None


def _are_words(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(word, str) for word in value)


def _cut_words(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word[:MAX_WORD] for word in words[:MOST_COLUMNS])


def _read_rows(value: Any) -> tuple[Row, ...] | None:
    """Return the finite numbers of a matrix or a vector row by row; of a batch, those of its first member."""
    if is_tensor(value) or is_array(value):
        from grader.examiner.array_parity import to_array

        values = to_array(value)
        if values.dtype.kind not in "biuf":
            return None
        while values.ndim > 2 and values.shape[0]:
            values = values[0]
        value = values.tolist() if values.ndim in (1, 2) else None
    if not isinstance(value, (list, tuple)) or not value:
        return None
    rows = value if all(isinstance(row, (list, tuple)) for row in value) else [value]
    if not all(isinstance(number, (int, float)) and math.isfinite(number) for row in rows for number in row):
        return None
    return tuple(tuple(float(number) for number in row) for row in rows)


def _fits(rows: tuple[Row, ...]) -> bool:
    width = len(rows[0])
    return len(rows) <= MOST_ROWS and 0 < width <= MOST_COLUMNS and all(len(row) == width for row in rows)
