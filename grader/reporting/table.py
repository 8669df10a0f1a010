"""Tables as CSV, with no cell that a spreadsheet would run."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

Cell = str | float | int | None
# Wide forms count too: a spreadsheet set to Korean or Japanese reads them as the narrow ones.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
# A number, and the dash that gradebooks write for "none", mean what they say.
_HARMLESS = re.compile(r"-|[+-]?\d+(?:[.,]\d+)?%?")


def format_table(rows: Iterable[Sequence[Cell]], *, delimiter: str = ",") -> str:
    """CSV. Text that a spreadsheet would run gets an apostrophe in front; None is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([_make_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def neutralise(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    runs = _FORMULA.match(text) and not _HARMLESS.fullmatch(text)
    return f"'{text}" if runs else text


def format_points(points: float) -> str:
    """Points as a gradebook reads them: `9.5`, `10`."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def _make_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return neutralise(cell) if isinstance(cell, str) else format_points(cell)
