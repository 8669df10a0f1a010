"""Open stubs: fill those of other TODOs, so that one open TODO does not hide its neighbours.

Works on text; nothing is run.
"""

import ast
import functools
from collections import defaultdict
from collections.abc import Mapping

from grader.model.marks import SENTINEL


def fill_stubs(source: str, *, keep: str, fills: Mapping[str, str]) -> str:
    """Return `source` with every `FIXME("<todo>")` replaced by that TODO's fill, except for the TODO `keep`."""
    if SENTINEL not in source or not fills:
        return source
    lines = [line.encode() for line in source.split("\n")]
    edits: dict[int, list[tuple[int, int, bytes]]] = defaultdict(list)
    for call, todo in _find_stubs(source):
        if todo != keep and todo in fills and call.lineno == call.end_lineno:
            edits[call.lineno - 1].append((call.col_offset, call.end_col_offset or 0, fills[todo].encode()))
    for index, changes in edits.items():
        parts, at = [], 0
        for begin, end, text in sorted(changes):
            # A stub inside another one's arguments goes with it.
            if begin >= at:
                parts += [lines[index][at:begin], text]
                at = end
        lines[index] = b"".join([*parts, lines[index][at:]])
    return b"\n".join(lines).decode()


def list_open_todos(source: str) -> frozenset[str]:
    """Return the TODOs whose stub is still in the source."""
    return frozenset(todo for _, todo in _find_stubs(source))


def find_open_todo(source: str, line: int) -> str:
    """Return the TODO whose stub stands on that line; empty if there is none."""
    return next((todo for call, todo in _find_stubs(source) if call.lineno <= line <= (call.end_lineno or 0)), "")


# Asked once for each TODO of the same submission; parsing it costs more than a test.
@functools.lru_cache(maxsize=1)
def _find_stubs(source: str) -> list[tuple[ast.Call, str]]:
    stubs = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(todo))]) if name == SENTINEL:
                stubs.append((node, todo))
    return stubs
