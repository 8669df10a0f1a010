"""Python text -> a syntax tree, with the tolerance that notebooks need. Nothing is executed.

A line keeps its number through everything that is done here.
"""

import ast
import re
import warnings
from dataclasses import dataclass

# Lines that only IPython understands: magics, shell lines, questions, prompts, and a cell that is indented as a whole.
_NEEDS_IPYTHON = re.compile(r"^[ \t]*[%!?]|\?[ \t]*$|=[ \t]*[%!]|^[ \t]*>>>|^In \[|\A[ \t]+\S", re.MULTILINE)
# Cell magics that run the rest of the cell as ordinary Python, or put it into a module.
_OPEN_CELL_MAGIC = re.compile(r"\A\s*%%(?:time|capture|prun|writefile[ \t]+\S+\.py)\b.*")
_TOKEN = re.compile(r"\w+|[^\w\s]")

# Python's parser takes nearly a kilobyte of memory for each token.
MAX_TOKENS = 250_000
# IPython reads a cell anew for every magic in it.
MAX_MAGICS = 200
MAX_MAGIC_WORK = 4_000_000


@dataclass(frozen=True)
class Code:
    """Text that parses, and its tree; `read_tabs_as` is set where tabs and spaces were mixed."""

    text: str
    tree: ast.Module
    read_tabs_as: int = 0


def parse_code(text: str) -> Code:
    """Parse a module or a cell. Raises SyntaxError, with the line where there is one, and no other exception."""
    try:
        return Code(text, _parse(text))
    except SyntaxError:
        if _NEEDS_IPYTHON.search(text):
            text = strip_magics(text)
    return _parse_mixed_tabs(text)


def strip_magics(text: str) -> str:
    """Replace magics and shell lines by calls of `get_ipython()`, which no definition needs."""
    text = _OPEN_CELL_MAGIC.sub("\n" * (_count_blank_lines(text)), text)
    magics = len(_NEEDS_IPYTHON.findall(text))
    if magics > MAX_MAGICS or magics * len(text) > MAX_MAGIC_WORK:
        raise SyntaxError(f"holds too many magic lines ({magics}) to be read")
    # Imported only here: it takes longer than reading a hundred notebooks.
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        changed = TransformerManager().transform_cell(text)  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, RecursionError) as error:
        raise SyntaxError(f"its magic lines cannot be read: {error}") from error
    return _keep_line_numbers(text.split("\n"), changed.split("\n"))


def _count_blank_lines(text: str) -> int:
    return len(text) - len(text.lstrip("\n"))


def _keep_line_numbers(before: list[str], after: list[str]) -> str:
    # IPython joins a magic that goes on over several lines, and drops empty lines at the top of a cell.
    kept: list[str] = []
    for line in after:
        while len(kept) < len(before) and not before[len(kept)].strip() and line.strip():
            kept.append("")
        kept.append(line)
        if "get_ipython()" in line and "get_ipython()" not in before[min(len(kept), len(before)) - 1]:
            while len(kept) < len(before) and before[len(kept) - 1].endswith("\\"):
                kept.append("")
    kept += [""] * (len(before) - len(kept))
    return "\n".join(kept[: len(before)])


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
    if len(text) > MAX_TOKENS and sum(1 for _ in _TOKEN.finditer(text)) > MAX_TOKENS:
        raise SyntaxError("is too long to be read")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as an unknown escape in a string: the student's own affair
        try:
            return ast.parse(text)
        except (RecursionError, MemoryError) as error:
            raise SyntaxError("is nested too deeply to be read") from error
        except ValueError as error:
            raise SyntaxError(str(error)) from error
