"""Text that a student wrote, made safe for a terminal, a table, a log or a spreadsheet."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence

Cell = str | float | int | None
# Control characters (escape sequences begin with one), marks that change the direction of writing, line ends other than
# "\n", invisible tags, and halves of a surrogate pair, which cannot be encoded. Joiners stay: emoji and several scripts
# need them.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPACING = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
# A spreadsheet set to Korean or Japanese reads the wide forms like the narrow ones.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
# A number, and the dash that gradebooks write for "none", are not formulas.
_HARMLESS = re.compile(r"-|[+-]?\d+(?:[.,]\d+)?%?")


def escape_control_characters(text: str) -> str:
    r"""Return `text` on one line for a person to read, every control character written out: `\x1b`, `\u202e`."""
    line = " ".join(re.split(r"[\t\r\n]+", text))
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], line)


def remove_control_characters(text: str) -> str:
    """Return `text` on one line for another program to read, without control characters."""
    return _CONTROLS.sub("", _SPACING.sub(" ", text))


def escape_json(text: str) -> str:
    r"""Return the same JSON with every control character inside a string as `\u....`; line ends of the layout stay."""
    return _CONTROLS.sub(lambda found: "\n" if found[0] == "\n" else json.dumps(found[0])[1:-1], text)


def format_table(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as CSV. Text that a spreadsheet would run gets an apostrophe in front; None is an empty cell."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows([_make_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def neutralise(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _HARMLESS.fullmatch(text) else text


def format_points(points: float) -> str:
    """Return points as gradebooks read them: `9.5`, `10`."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def _make_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    # Remove control characters first: one in front of a formula would hide it from the check.
    return neutralise(remove_control_characters(cell)) if isinstance(cell, str) else format_points(cell)
