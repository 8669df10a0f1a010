"""The fragments of a module: subtrees of its syntax tree, with local names replaced by their order.

Renaming, reordering and comments change nothing in them, so equal fragments show likeness.
"""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

# Syntax-tree nodes of a fragment: smaller ones are in everybody's work, larger ones say what their parts say.
MIN_NODES = 6
MAX_NODES = 60
MAX_FRAGMENTS = 4000

_SKIPPED_FIELDS = frozenset({"lineno", "col_offset", "end_lineno", "end_col_offset", "type_comment", "kind", "ctx"})


@dataclass(frozen=True)
class Place:
    """The function that a fragment stands in, its first line and the line after its last."""

    function: str
    first: int
    end: int


def _walk(node: ast.AST, function: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Yield every node below with the function it stands in."""
    for child in ast.iter_child_nodes(node):
        inner = f"{function}.{child.name}" if isinstance(child, (ast.FunctionDef, ast.ClassDef)) else function
        yield child, inner
        yield from _walk(child, inner)


def split_source(source: str) -> dict[str, Place]:
    """Return the place of every fragment by its digest. Raises SyntaxError or RecursionError."""
    return dict(_list_fragments(ast.parse(source)))


def _list_fragments(tree: ast.Module) -> Iterator[tuple[str, Place]]:
    found = 0
    for node, function in _walk(tree):
        if not isinstance(node, (ast.stmt, ast.expr, ast.comprehension)):
            continue
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_docstring or isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            continue
        size = sum(1 for _ in islice(ast.walk(node), MAX_NODES + 1))
        if MIN_NODES <= size <= MAX_NODES:
            found += 1
            if found > MAX_FRAGMENTS:
                return
            text = _write(node, {})
            lines = [part.lineno for part in ast.walk(node) if isinstance(part, (ast.stmt, ast.expr))] or [0]
            place = Place(function, min(lines), max(lines) + 1)
            yield hashlib.blake2b(text.encode(), digest_size=12).hexdigest(), place


def _write(node: ast.AST, names: dict[str, str]) -> str:
    """Write a subtree as text with variables numbered in order of appearance, and without annotations."""
    if isinstance(node, ast.Name):
        return names.setdefault(node.id, f"v{len(names)}")
    if isinstance(node, ast.arg):
        return names.setdefault(node.arg, f"v{len(names)}")
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return f"Assign({_write(node.target, names)},{_write(node.value, names)})"
    parts = []
    for name, value in ast.iter_fields(node):
        if name in _SKIPPED_FIELDS or name in ("annotation", "returns"):
            continue
        if isinstance(value, list):
            parts.append(",".join(_write(item, names) if isinstance(item, ast.AST) else repr(item) for item in value))
        else:
            parts.append(_write(value, names) if isinstance(value, ast.AST) else repr(value))
    return f"{type(node).__name__}({';'.join(parts)})"
