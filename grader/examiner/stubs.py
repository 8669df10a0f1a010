"""Open stubs: fill those of other TODOs, so that one open TODO does not hide its neighbours.

Works on text; nothing is run.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.model.marks import SENTINEL


@dataclass(frozen=True)
class Stub:
    """A `FIXME("<todo>")`: its first and last line, from 1, and its columns in bytes of UTF-8."""

    todo: str
    line: int
    end_line: int
    begin: int
    end: int


def list_stubs(tree: ast.Module) -> list[Stub]:
    """Return the stubs that are still in a module."""
    stubs = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(todo))]) if name == SENTINEL:
                place = (node.lineno, node.end_lineno or node.lineno, node.col_offset, node.end_col_offset or 0)
                stubs.append(Stub(todo, *place))
    return stubs


def fill_stubs(source: str, stubs: Iterable[Stub], *, keep: str, fills: Mapping[str, str]) -> str:
    """Return `source` with every stub replaced by its TODO's fill, except for those of the TODO `keep`."""
    edits: dict[int, list[tuple[int, int, bytes]]] = defaultdict(list)
    for stub in stubs:
        if stub.todo != keep and stub.todo in fills and stub.line == stub.end_line:
            edits[stub.line - 1].append((stub.begin, stub.end, fills[stub.todo].encode()))
    if not edits:
        return source
    lines = [line.encode() for line in source.split("\n")]
    for index, changes in edits.items():
        parts, at = [], 0
        for begin, end, text in sorted(changes):
            # A stub inside another one's arguments goes with it.
            if begin >= at:
                parts += [lines[index][at:begin], text]
                at = end
        lines[index] = b"".join([*parts, lines[index][at:]])
    return b"\n".join(lines).decode()
