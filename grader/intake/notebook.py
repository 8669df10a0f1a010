"""The code cells of a notebook, nbformat 2 to 4, without its outputs.

A notebook is read in pieces, and the values of keys that hold no code are dropped as they go by: 200 MB of pictures
cost one pass over the bytes, and no memory. nbformat itself would keep and validate all of it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from grader.intake.decoding import decode, narrow, tidy
from grader.model.errors import SubmissionRefused

MAX_TEXT = 16 * 2**20
MAX_DEPTH = 500

# Inside a string the second quote would be escaped, so this finds keys only.
_SKIPPED_KEY = re.compile(rb'"(?:outputs|attachments|metadata)"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}(?=[\[{])')
_LONGEST_KEY = 40
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_GAP = rb'[^"{}\[\]]*+'
_IN_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


def _nest(levels: int) -> bytes:
    if not levels:
        return _GAP + rb"(?:" + _STRING + _GAP + rb")*+"
    inner = _nest(levels - 1)
    return _GAP + rb"(?:(?:" + _STRING + rb"|\[" + inner + rb"\]|\{" + inner + rb"\})" + _GAP + rb")*+"


# Everything up to the end of the value, to a string that goes on, or to a bracket that holds more than three levels of
# others: those are counted one by one, far more slowly.
_FLAT = re.compile(_nest(3), re.DOTALL)


def read_cells(chunks: Iterable[bytes], name: str) -> list[str]:
    """Return the text of each code cell, in order. Raises SubmissionRefused for `name` where it is no notebook."""
    try:
        text = decode(b"".join(_limit(drop_outputs(narrow(chunks)), name)), name)
    except ValueError as error:
        raise SubmissionRefused(f"{name} is {error}: clear its outputs and hand it in again") from error
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SubmissionRefused(f"{name} {_explain(text)}") from error
    # nbformat 4 has its cells at the top, 2 and 3 in worksheets.
    notebook = notebook if isinstance(notebook, dict) else {}
    sheets = notebook.get("worksheets")
    parts = [notebook] if "cells" in notebook else sheets if isinstance(sheets, list) else []
    lists = [part["cells"] for part in parts if isinstance(part, dict) and isinstance(part.get("cells"), list)]
    if not lists:
        raise SubmissionRefused(
            f"{name} is no notebook: it has no cells; open it in Jupyter, save it, hand it in again"
        )
    code = (cell for cells in lists for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code")
    return [tidy(_join_lines(cell)) for cell in code]


def drop_outputs(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return the same JSON with null for all that is no code. Its memory does not depend on what it drops.

    Raises ValueError where that is nested more deeply than any program writes it.
    """
    window = _Window(chunks)
    while True:
        match = _SKIPPED_KEY.search(window.text, window.at)
        if match:
            yield window.take_to(match.end())
            yield b"null"
            _skip_value(window)
            continue
        # A key may have begun at the end of the window.
        yield window.take_to(max(window.at, len(window.text) - _LONGEST_KEY))
        if not window.fill():
            yield window.take_to(len(window.text))
            return


class _Window:
    """The part of a stream that is being looked at; what lies before `at` is done with."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.text = b""
        self.at = 0

    def fill(self) -> bool:
        chunk = next(self._chunks, b"")
        self.text, self.at = self.text[self.at :] + chunk, 0
        return bool(chunk)

    def take_to(self, end: int) -> bytes:
        start, self.at = self.at, end
        return self.text[start:end]

    def skip(self, pattern: re.Pattern[bytes]) -> bytes:
        """Pass over what `pattern` matches and return the byte after it, or nothing at the end of the window."""
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]


def _skip_value(window: _Window) -> None:
    window.at += 1  # its opening bracket
    depth = 1
    while depth:
        byte = window.skip(_FLAT)
        if not byte:
            if not window.fill():
                return
            continue
        window.at += 1
        if byte == b'"':
            _skip_rest_of_string(window)
        else:
            depth += 1 if byte in b"[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")


def _skip_rest_of_string(window: _Window) -> None:
    while window.skip(_IN_STRING) != b'"':
        if not window.fill():
            window.at = len(window.text)
            return
    window.at += 1


def _limit(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_TEXT:
            raise SubmissionRefused(f"{name} holds more than {MAX_TEXT >> 20} MB besides its outputs: hand in the code")
        yield chunk


def _join_lines(cell: dict[str, Any]) -> str:
    text = cell.get("source", cell.get("input", ""))
    if isinstance(text, list):
        text = "".join(line for line in text if isinstance(line, str))
    return text if isinstance(text, str) else ""


def _explain(text: str) -> str:
    start = text.lstrip()
    if not start:
        return "is empty: save the notebook and hand it in again"
    if start.startswith("<"):
        return "is a web page, not a notebook: download the notebook itself and hand it in again"
    if "\n<<<<<<< " in text:
        return "holds the marks of a merge conflict: settle it, run the notebook, and hand it in again"
    return "is cut short or damaged: open it in Jupyter, save it, and hand it in again"
