"""Python text as its lines: strings, brackets and joined lines are separated in one pass over the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PIECE = re.compile(
    r"""
    \#[^\n]*+
    |(?P<string>[rRbBuUfFtT]{0,2}(?:
        "{3}(?:[^"\\]|\\.|"(?!""))*+(?:"{3}|\Z)
        |'{3}(?:[^'\\]|\\.|'(?!''))*+(?:'{3}|\Z)
        |"(?:[^"\\\n]|\\.)*+"?
        |'(?:[^'\\\n]|\\.)*+'?
    ))
    |\w++
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |\\\n
    |(?P<end>\n)
    """,
    re.VERBOSE | re.DOTALL,
)
_MARGIN = re.compile(r"[^\s#)\]}]")
_DEFINES = re.compile(r"(?:def|class|async|import|from)\b|@")
_CONTINUES = re.compile(r"(?:else|elif|except|finally)\b")
_FORMATTED = re.compile(r"[rR]?[fFtT][rR]?[\"']")


@dataclass(frozen=True)
class Block:
    """The span of a statement in a text, its line end included."""

    start: int
    end: int


def find_line_end(text: str, start: int) -> int:
    """Return where the logical line that begins at `start` ends; an open bracket or string runs to the end."""
    depth = 0
    for piece in _PIECE.finditer(text, start):
        if piece["open"]:
            depth += 1
        elif piece["close"]:
            depth = max(depth - 1, 0)
        elif piece["end"] and not depth:
            return piece.end()
    return len(text)


def list_blocks(text: str) -> Iterator[Block]:
    """List the statements at the left margin, each with its body, its `else` and the decorators before it."""
    start, decorated = 0, False
    for begin in _list_margins(text):
        line = text[begin : text.find("\n", begin) + 1 or len(text)]
        if begin > start and not decorated and not _CONTINUES.match(line):
            yield Block(start, begin)
            start = begin
        decorated = line.startswith("@")
    if start < len(text):
        yield Block(start, len(text))


def _list_margins(text: str) -> Iterator[int]:
    """List where a logical line begins at the left margin; a definition there ends every bracket left open."""
    depth = 0
    if _MARGIN.match(text):
        yield 0
    for piece in _PIECE.finditer(text):
        if piece["open"]:
            depth += 1
        elif piece["close"]:
            depth = max(depth - 1, 0)
        elif piece["end"] and _MARGIN.match(text, piece.end()):
            depth = 0 if _DEFINES.match(text, piece.end()) else depth
            if not depth:
                yield piece.end()


def measure_fields(text: str) -> int:
    """Return the work that the worst f-string is to a parser: its length times its fields."""
    if len(text) * text.count("{") < 2:
        return 0
    strings = (piece["string"] for piece in _PIECE.finditer(text) if piece["string"])
    return max((len(s) * s.count("{") for s in strings if _FORMATTED.match(s)), default=0)
