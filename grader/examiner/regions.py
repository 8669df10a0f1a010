"""TODOs that share a function: which lines belong to which, and a source in which one of them is filled.

A TODO that is attempted and raises would cost the others in its function, so it is filled as if it were open. Works on
text; nothing is run.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.model.assignment import Assignment
from grader.model.marks import SENTINEL
from grader.model.verdict import SubmissionError, Verdict

# A stub as a solution writes it, `# scores = FIXME("luong.score")`, and the comment above it that students receive.
_STUB = re.compile(rf'^\s*#\s*(\w+(?:\s*,\s*\w+)*)\s*=\s*{SENTINEL}\("([^"]+)"\)', re.MULTILINE)
_COMMENT = re.compile(r"^\s*#\s*TODO\s+([\w.]+)")
_UNBOUND = re.compile(r"^(?:name|cannot access local variable) '(\w+)'")
# Verdicts of code that stopped at one of its lines.
_RAISING = frozenset({Verdict.RAISED, Verdict.CRASHED, Verdict.OUT_OF_MEMORY, Verdict.FORBIDDEN})


@dataclass(frozen=True)
class SharedTodo:
    """A TODO that shares the function `place` with others, the names that its lines assign, and its fill."""

    id: str
    place: str
    names: tuple[str, ...]
    fill: str


@dataclass(frozen=True)
class Region:
    """The lines of one TODO, from 1 and with the last; the indent of what replaces them."""

    todo: SharedTodo
    first: int
    last: int
    indent: str

    def fill(self, source: str) -> str:
        """Return the source with the TODO's fill in place of its lines, on as many lines."""
        lines = source.split("\n")
        filled = f"{self.indent}{', '.join(self.todo.names)} = {self.todo.fill}"
        lines[self.first - 1 : self.last] = [filled, *[""] * (self.last - self.first)]
        return "\n".join(lines)


def list_shared_todos(assignment: Assignment) -> list[SharedTodo]:
    """List the TODOs that share a function with another one and can be filled, in the order of the assignment."""
    stubs = {todo: names for names, todo in _STUB.findall(assignment.solution.read_text(encoding="utf-8"))}
    places = [todo.where[0] for todo in assignment.todos]
    return [
        SharedTodo(todo.id, todo.where[0], tuple(re.split(r"\s*,\s*", stubs[todo.id])), todo.fill)
        for todo in assignment.todos
        if todo.fill and todo.id in stubs and places.count(todo.where[0]) > 1
    ]


def find_costly_regions(
    source: str, raised: SubmissionError, todos: Sequence[SharedTodo], *, judged: str
) -> list[Region]:
    """Return the lines of other TODOs that may be why a test of `judged` raised or did not end.

    `source` is what was loaded, and has the lines that `raised` names. Where code did not end, no line is known: then
    all TODOs that share the function with `judged` are returned.
    """
    places = {todo.id: todo.place for todo in todos}
    if raised.verdict is Verdict.TIMED_OUT and judged in places:
        return [region for region in _find_regions(source, places[judged], todos, 0) if region.todo.id != judged]
    if raised.verdict not in _RAISING:
        return []
    unbound = _UNBOUND.search(raised.message.partition(": ")[2])
    for line in reversed(raised.lines):
        regions = [region for place in set(places.values()) for region in _find_regions(source, place, todos, line)]
        for region in regions:
            is_missing = unbound is not None and unbound[1] in region.todo.names
            if is_missing or region.first <= line <= region.last:
                return [region] if region.todo.id != judged else []
    return []


def _find_function(source: str, place: str) -> ast.FunctionDef | None:
    found: ast.AST | None = ast.parse(source)
    for name in place.split("."):
        inner = [node for node in getattr(found, "body", []) if getattr(node, "name", "") == name]
        found = inner[-1] if inner else None
    return found if isinstance(found, ast.FunctionDef) else None


def _find_regions(source: str, place: str, todos: Sequence[SharedTodo], line: int) -> Iterator[Region]:
    """Find the lines of each TODO of a function; `line` of the function raised, if it is in it."""
    function, lines = _find_function(source, place), source.split("\n")
    todos = [todo for todo in todos if todo.place == place]
    if function is None:
        return
    block = _find_block(function, todos)
    owners = _read_comments(function, lines)
    parts = _split_by_comments(block, owners, todos) if owners else _split_by_names(block, todos, line)
    comments = {owner: number for number, owner in owners.items()}
    for todo in todos:
        own = parts.get(todo.id, [])
        if own:
            last = own[-1].end_lineno or own[-1].lineno
            yield Region(todo, own[0].lineno, last, " " * own[0].col_offset)
        elif todo.id in comments:
            # Nothing is left of it but its comment: the fill goes there.
            at = comments[todo.id]
            text = lines[at - 1]
            yield Region(todo, at, at, text[: len(text) - len(text.lstrip())])


def _find_block(function: ast.FunctionDef, todos: Sequence[SharedTodo]) -> list[ast.stmt]:
    """Return the statements among which the TODOs lie: the function's own, or those of a `with` around all of them."""
    names = {name for todo in todos for name in todo.names}
    block = function.body[1:] if ast.get_docstring(function) is not None else function.body
    while True:
        binding = [node for node in block if names & _list_bound(node)]
        if len(binding) != 1 or not isinstance(binding[0], ast.With):
            return block
        block = binding[0].body


def _list_bound(node: ast.stmt) -> set[str]:
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)}


def _read_comments(function: ast.FunctionDef, lines: Sequence[str]) -> dict[int, str]:
    """Return the TODO that a comment names, for each line of the function that has one."""
    numbers = range(function.lineno, (function.end_lineno or function.lineno) + 1)
    found = {number: _COMMENT.match(lines[number - 1]) for number in numbers}
    return {number: match[1] for number, match in found.items() if match}


def _split_by_comments(
    block: Sequence[ast.stmt], owners: Mapping[int, str], todos: Sequence[SharedTodo]
) -> dict[str, Sequence[ast.stmt]]:
    parts: dict[str, list[ast.stmt]] = {}
    for node in block:
        above = [line for line in owners if line < node.lineno]
        if above:
            parts.setdefault(owners[max(above)], []).append(node)
    return {todo.id: _drop_end(parts[todo.id], todo) for todo in todos if todo.id in parts}


def _drop_end(part: list[ast.stmt], todo: SharedTodo) -> list[ast.stmt]:
    """Leave out what follows the TODO's answer: the skeleton's own end of the function."""
    ends = [index for index, node in enumerate(part) if set(todo.names) & _list_bound(node)]
    if ends:
        return part[: ends[-1] + 1]
    return part[:-1] if isinstance(part[-1], ast.Return) else part


def _split_by_names(block: Sequence[ast.stmt], todos: Sequence[SharedTodo], line: int) -> dict[str, Sequence[ast.stmt]]:
    """Split a function without the comments: each TODO ends where its name is bound, or where it raised."""
    names = {name for todo in todos for name in todo.names}
    parts: dict[str, Sequence[ast.stmt]] = {}
    start = 0
    for todo in todos:
        own = [index for index in range(start, len(block)) if set(todo.names) & _list_bound(block[index])]
        raised = [
            index
            for index in range(start, len(block))
            if block[index].lineno <= line <= (block[index].end_lineno or 0) and not names & _list_bound(block[index])
        ]
        end = (own or raised or [start - 1])[-1] + 1
        parts[todo.id] = block[start:end]
        start = end
    return parts
