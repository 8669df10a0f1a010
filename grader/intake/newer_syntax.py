"""Statements in a newer Python's syntax: which version they need, and what is left of a text without them."""

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from grader.intake.lexing import list_blocks

_DEFINED = re.compile(r"^(?:async[ \t]+def|def|class|type)[ \t]+(\w+)", re.MULTILINE)
_PARAMETERS = re.compile(r"^([ \t]*(?:async[ \t]+def|def|class)[ \t]+\w+)\[[^\n()]*?\](?=[(:])", re.MULTILINE)
_ALIAS = re.compile(r"^([ \t]*)type[ \t]+(\w+)(?:\[[^\n=]*\])?[ \t]*=(?!=)", re.MULTILINE)
_HANDLER = re.compile(r"^([ \t]*except\*?)[ \t]+([^\n():#]+,[^\n():#]+?)[ \t]*:", re.MULTILINE)
# Where the expression of a field may end.
_FORMAT = re.compile(r"=?[ \t]*(?:![rsa][ \t]*)?:|![rsa]\s*\Z")
MAX_STARTS = 3
MAX_NESTING = 3
_LITERAL = re.compile(
    r"""
    \#[^\n]*+
    |(?P<formatted>\b(?:[fFtT][rR]?|[rR][fFtT])(?P<quote>"{3}|'{3}|"|'))
    |"{3}(?:[^"\\]|\\.|"(?!""))*+(?:"{3}|\Z) |'{3}(?:[^'\\]|\\.|'(?!''))*+(?:'{3}|\Z)
    |"(?:[^"\\\n]|\\.)*+"? |'(?:[^'\\\n]|\\.)*+'?
    |(?P<open>[(\[{]) |(?P<close>[)\]}])
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_STRING = re.compile(r"\\.|\{\{|\}\}|(?P<field>\{)|(?P<quote>\"{3}|'{3}|\"|')|(?P<end>\n)", re.DOTALL)


@dataclass(frozen=True)
class NewerPart:
    """Statements that were left out of a text, the names that they define, and the version that they need."""

    first_line: int
    last_line: int
    names: tuple[str, ...]
    version: tuple[int, int]

    def describe(self) -> str:
        """Say which Python it needs and which one reads it here."""
        needed, own = f"{self.version[0]}.{self.version[1]}", f"{sys.version_info[0]}.{sys.version_info[1]}"
        return (
            f"not read, since its syntax needs Python {needed} and the grader runs Python {own}; "
            f"write it in the way of Python {own} and hand it in again"
        )


def drop_newer_syntax(text: str) -> tuple[str, list[NewerPart]] | None:
    """Blank the statements that only a newer Python parses. None where a statement is wrong in every Python."""
    parts: list[NewerPart] = []
    kept: list[str] = []
    line = 1
    for block in list_blocks(text):
        part = text[block.start : block.end]
        lines = part.count("\n")
        if _parses(part):
            kept.append(part)
        elif version := find_needed_version(part):
            names = tuple(match[1] for match in _DEFINED.finditer(part))
            parts.append(NewerPart(line, line + max(len(part.rstrip().split("\n")) - 1, 0), names, version))
            kept.append("\n" * lines)
        else:
            return None
        line += lines
    return ("".join(kept), parts) if parts else None


def find_needed_version(text: str) -> tuple[int, int] | None:
    """Return the Python whose new syntax is why a text does not parse; None where that is not the reason."""
    own = sys.version_info[:2]
    # Type parameters, `type X = ...`, and f-strings that hold their own quotes, backslashes or comments.
    text = _ALIAS.sub(r"\1\2 =", _PARAMETERS.sub(r"\1", text))
    text = "".join(_blank_formatted(text, "fF"))
    if own < (3, 12) and _parses(text):
        return 3, 12
    # `except A, B:` and t-strings.
    text = "".join(_blank_formatted(_HANDLER.sub(r"\1 (\2):", text), "tT"))
    return (3, 14) if own < (3, 14) and _parses(text) else None


def _blank_formatted(text: str, prefixes: str, depth: int = 0) -> Iterator[str]:
    """Give the text with an empty string for each formatted one of that kind that is right in a newer Python."""
    at = 0
    while match := _LITERAL.search(text, at):
        yield text[at : match.start()]
        at = match.end()
        found = _read_formatted(text, at, match["quote"]) if match["formatted"] else None
        if found is None:
            yield match[0]
            continue
        whole, at = text[match.start() : found.end], found.end
        kind = set(match["formatted"]) & set(prefixes)
        yield '""' if kind and all(_is_field(field, prefixes, depth + 1) for field in found.fields) else whole
    yield text[at:]


@dataclass(frozen=True)
class _Formatted:
    """The end of a formatted string, and the texts of its fields."""

    end: int
    fields: list[str]


def _read_formatted(text: str, at: int, quote: str) -> _Formatted | None:
    """Read a formatted string whose opening quote ends at `at`; its fields may hold strings of the same quote."""
    waiting, fields, began = [quote], [], 0
    while waiting:
        in_string = waiting[-1] not in "([{"
        match = (_IN_STRING if in_string else _LITERAL).search(text, at)
        if match is None:
            return None
        at = match.end()
        if not in_string:
            if match["formatted"]:
                waiting.append(match["quote"])
            elif match["open"]:
                waiting.append(match["open"])
            elif match["close"]:
                waiting.pop()
            if len(waiting) == 1:
                fields.append(text[began : match.start()])
        elif match["field"]:
            began = at if len(waiting) == 1 else began
            waiting.append("{")
        elif match["quote"] and match["quote"].startswith(waiting[-1]):
            at = match.start() + len(waiting.pop())
        elif match["end"] and len(waiting[-1]) == 1:
            return None
    return _Formatted(at, fields)


def _is_field(field: str, prefixes: str, depth: int) -> bool:
    """Say whether a field is an expression, with or without `=`, a conversion or a format."""
    if depth > MAX_NESTING:
        return False
    ends = [match.start() for match in islice(_FORMAT.finditer(field), MAX_STARTS)]
    starts = [field, field.rstrip().removesuffix("="), *(field[:end] for end in ends)]
    return any(_parses(f"({''.join(_blank_formatted(start, prefixes, depth))}\n)") for start in starts)


def _parses(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
