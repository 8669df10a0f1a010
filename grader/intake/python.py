"""Python text -> a syntax tree, with the tolerance that notebooks need. Nothing is executed.

A line keeps its number through everything that is done here.
"""

import ast
import re
import warnings
from dataclasses import dataclass, replace

from grader.intake.budget import MAX_FIELD_WORK, Budget
from grader.intake.lexing import measure_fields
from grader.intake.magics import needs_ipython, strip_magics
from grader.intake.newer_syntax import NewerPart, drop_newer_syntax


@dataclass(frozen=True)
class Code:
    """Text that parses, and its tree; `read_tabs_as` is set where tabs and spaces were mixed.

    `newer` are the parts that were left out since this Python is too old for them.
    """

    text: str
    tree: ast.Module
    read_tabs_as: int = 0
    newer: tuple[NewerPart, ...] = ()


def parse_code(text: str, budget: Budget | None = None) -> Code:
    """Parse a module or a cell. Raises SyntaxError, with the line where there is one, and no other exception."""
    (budget or Budget()).spend_code(text)
    if len(text) * text.count("{") > MAX_FIELD_WORK and measure_fields(text) > MAX_FIELD_WORK:
        raise SyntaxError("holds an f-string that is too long to be read")
    try:
        return Code(text, _parse(text))
    except SyntaxError:
        if needs_ipython(text):
            text = strip_magics(text)
    try:
        return _parse_mixed_tabs(text)
    except SyntaxError:
        if rest := drop_newer_syntax(text):
            return replace(_parse_mixed_tabs(rest[0]), newer=tuple(rest[1]))
        raise


def _parse_mixed_tabs(text: str) -> Code:
    try:
        return Code(text, _parse(text))
    except TabError:
        readings = [reading for width in (8, 4) if (reading := _try_tab_width(text, width))]
        if not readings or any(_outline(reading.tree) != _outline(readings[0].tree) for reading in readings):
            raise
        return readings[0]


def _outline(tree: ast.Module) -> list[tuple[type, int]]:
    # Two readings of one text are the same where their trees have the same shape.
    return [(type(node), sum(1 for _ in ast.iter_child_nodes(node))) for node in ast.walk(tree)]


def _try_tab_width(text: str, width: int) -> Code | None:
    # Only indentation is touched: a tab inside a line is a character like any other.
    expanded = re.sub(r"^[ \t]+", lambda indent: indent[0].expandtabs(width), text, flags=re.MULTILINE)
    try:
        tree = _parse(expanded)
    except SyntaxError:
        return None
    return None if _returns_outside_function(tree) else Code(expanded, tree, width)


def _returns_outside_function(tree: ast.Module) -> bool:
    # It parses, but no program has it: the sign of a wrong reading.
    stack: list[ast.AST] = [tree]
    while stack:
        inner = list(ast.iter_child_nodes(stack.pop()))
        if any(isinstance(node, ast.Return) for node in inner):
            return True
        stack += (node for node in inner if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return False


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as an unknown escape in a string: the student's own affair
        try:
            return ast.parse(text)
        except (RecursionError, MemoryError) as error:
            raise SyntaxError("is nested too deeply to be read") from error
        except ValueError as error:
            raise SyntaxError(str(error)) from error
