"""Open stubs: fill those of other TODOs, so that one open TODO does not hide its neighbours.

Works on text; nothing is run.
"""

import ast
import functools
from collections.abc import Mapping

from grader.model.marks import SENTINEL


def fill_stubs(source: str, *, keep: str, fills: Mapping[str, str]) -> str:
    """Return `source` with every `FIXME("<todo>")` replaced by that TODO's fill, except for the TODO `keep`."""
    if SENTINEL not in source or not fills:
        return source
    lines = [line.encode() for line in source.split("\n")]
    # From the end, so that a replacement does not move those still to come.
    for call, todo in sorted(_find_stubs(source), key=lambda stub: (stub[0].lineno, stub[0].col_offset), reverse=True):
        if todo != keep and todo in fills and call.lineno == call.end_lineno:
            line = lines[call.lineno - 1]
            lines[call.lineno - 1] = line[: call.col_offset] + fills[todo].encode() + line[call.end_col_offset :]
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
