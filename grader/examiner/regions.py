"""TODOs that share a function: which lines belong to which, and a source in which one of them is filled.

A TODO that is attempted and raises would cost the others in its function, so it is filled as if it were open. A source
is parsed once, behind the wall, for `read_functions`. Nothing is run.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.examiner.source_findings import SharedFunction, StatementLines
from grader.model.assignment import Todo
from grader.model.marks import SENTINEL
from grader.model.verdict import SubmissionError, Verdict

# A stub, `scores = FIXME("luong.score")`, which is a comment in a solution; and the comment above it.
_STUB = re.compile(rf'^\s*(?:#\s*)?(\w+(?:\s*,\s*\w+)*)\s*=\s*{SENTINEL}\("([^"]+)"\)', re.MULTILINE)
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
class TodoLines:
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


def list_shared_todos(todos: Sequence[Todo], reference: str) -> list[SharedTodo]:
    """List the TODOs that share a function with another one and can be filled, in the order of the assignment."""
    stubs = {todo: names for names, todo in _STUB.findall(reference)}
    places = [todo.where[0] for todo in todos]
    return [
        SharedTodo(todo.id, todo.where[0], tuple(re.split(r"\s*,\s*", stubs[todo.id])), todo.fill)
        for todo in todos
        if todo.fill and todo.id in stubs and places.count(todo.where[0]) > 1
    ]


def read_functions(source: str, tree: ast.Module, todos: Sequence[SharedTodo]) -> dict[str, SharedFunction]:
    """Return the functions of a source and its tree that several TODOs share, by their place."""
    functions, lines = {}, source.split("\n")
    for place in {todo.place for todo in todos}:
        node = _find_function(tree, place)
        if node is not None:
            names = {name for todo in todos if todo.place == place for name in todo.names}
            first, last = node.lineno, node.end_lineno or node.lineno
            found = {number: _COMMENT.match(lines[number - 1]) for number in range(first, last + 1)}
            comments = {number: match[1] for number, match in found.items() if match}
            functions[place] = SharedFunction(first, last, tuple(_list_statements(node, names)), comments)
    return functions


def find_costly_regions(
    source: str,
    functions: Mapping[str, SharedFunction],
    raised: SubmissionError,
    todos: Sequence[SharedTodo],
    *,
    judged: str,
) -> list[TodoLines]:
    """Return the lines of other TODOs that may be why a test of `judged` raised or did not end.

    `source` is what was loaded: `functions` are its own, and `raised` names its lines. Where code did not end, no line
    is known: then all TODOs that share the function with `judged` are returned.
    """
    lines = source.split("\n")
    places = {todo.id: todo.place for todo in todos}

    def find_regions(place: str, line: int) -> list[TodoLines]:
        here = [todo for todo in todos if todo.place == place]
        return list(_find_regions(functions[place], lines, here, line)) if place in functions else []

    if raised.verdict is Verdict.TIMED_OUT and judged in places:
        return [region for region in find_regions(places[judged], 0) if region.todo.id != judged]
    if raised.verdict not in _RAISING:
        return []
    unbound = _UNBOUND.search(raised.message.partition(": ")[2])
    for line in reversed(raised.lines):
        for region in [region for place in functions for region in find_regions(place, line)]:
            is_missing = unbound is not None and unbound[1] in region.todo.names
            if is_missing or region.first <= line <= region.last:
                return [region] if region.todo.id != judged else []
    return []


def _find_function(tree: ast.Module, place: str) -> ast.FunctionDef | None:
    found: ast.AST | None = tree
    for name in place.split("."):
        inner = [node for node in getattr(found, "body", []) if getattr(node, "name", "") == name]
        found = inner[-1] if inner else None
    return found if isinstance(found, ast.FunctionDef) else None


def _list_statements(function: ast.FunctionDef, names: set[str]) -> Iterator[StatementLines]:
    """List the statements among which the TODOs lie: the function's own, or those of a `with` around all of them."""
    block = function.body[1:] if ast.get_docstring(function) is not None else function.body
    while True:
        binding = [node for node in block if names & _list_bound(node)]
        if len(binding) != 1 or not isinstance(binding[0], ast.With):
            break
        block = binding[0].body
    for node in block:
        bound = tuple(sorted(names & _list_bound(node)))
        is_return = isinstance(node, ast.Return)
        yield StatementLines(node.lineno, node.end_lineno or node.lineno, node.col_offset, bound, is_return)


def _list_bound(node: ast.stmt) -> set[str]:
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)}


def _find_regions(
    function: SharedFunction, lines: Sequence[str], todos: Sequence[SharedTodo], line: int
) -> Iterator[TodoLines]:
    """Find the lines of each TODO of a function; `line` of the function raised, if it is in it."""
    if function.comments:
        parts = _split_by_comments(function, todos)
    else:
        parts = _split_by_names(function.statements, todos, line)
    comments = {owner: number for number, owner in function.comments.items()}
    for todo in todos:
        own = parts.get(todo.id, [])
        if own:
            yield TodoLines(todo, own[0].first, own[-1].last, " " * own[0].column)
        elif todo.id in comments:
            # Nothing is left of it but its comment: the fill goes there.
            at = comments[todo.id]
            text = lines[at - 1]
            yield TodoLines(todo, at, at, text[: len(text) - len(text.lstrip())])


def _split_by_comments(function: SharedFunction, todos: Sequence[SharedTodo]) -> dict[str, Sequence[StatementLines]]:
    parts: dict[str, list[StatementLines]] = {}
    for statement in function.statements:
        above = [line for line in function.comments if line < statement.first]
        if above:
            parts.setdefault(function.comments[max(above)], []).append(statement)
    return {todo.id: _drop_end(parts[todo.id], todo) for todo in todos if todo.id in parts}


def _drop_end(part: list[StatementLines], todo: SharedTodo) -> list[StatementLines]:
    """Leave out what follows the TODO's answer: the skeleton's own end of the function."""
    ends = [index for index, statement in enumerate(part) if set(todo.names) & set(statement.names)]
    if ends:
        return part[: ends[-1] + 1]
    return part[:-1] if part[-1].is_return else part


def _split_by_names(
    statements: Sequence[StatementLines], todos: Sequence[SharedTodo], line: int
) -> dict[str, Sequence[StatementLines]]:
    """Split a function without the comments: each TODO ends where its name is bound, or where it raised."""
    parts: dict[str, Sequence[StatementLines]] = {}
    start = 0
    for todo in todos:
        rest = range(start, len(statements))
        own = [index for index in rest if set(todo.names) & set(statements[index].names)]
        raised = [
            index
            for index in rest
            if statements[index].first <= line <= statements[index].last and not statements[index].names
        ]
        end = (own or raised or [start - 1])[-1] + 1
        parts[todo.id] = statements[start:end]
        start = end
    return parts
