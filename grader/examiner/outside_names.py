"""Find code of a TODO that reads a variable of the notebook: its result is the same whatever is passed in.

Nothing is run. Constants in capitals and plain values are meant to be read from anywhere.
"""

import ast
from collections.abc import Iterator, Sequence

from grader.examiner.source_findings import OutsideName
from grader.model.assignment import Todo

MAX_NAME = 100


def find_outside_names(tree: ast.Module, todos: Sequence[Todo]) -> dict[str, OutsideName]:
    """Return for each TODO that reads a computed variable of the module the first one."""
    computed = {name for node in _list_statements(tree.body) for name in _list_computed(node)}
    found = {}
    for todo in todos if computed else ():
        functions = [node for place in todo.where for node in _find_functions(tree, place)]
        reads = [read for function in functions for read in _list_reads(function) if read.name in computed]
        if reads:
            found[todo.id] = min(reads, key=lambda read: read.line)
    return found


def describe_outside(name: str, place: str) -> str:
    """Return the likely reason for a wrong result of code that reads a variable of the notebook."""
    return (
        f"{name!r} ({place}) is a variable of the notebook, the same whatever is passed in: compute it in the function"
    )


def _list_statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """List the statements that run when the module does, also those inside of a `with`, an `if` or a loop."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _list_statements(getattr(node, "body", []))


def _list_computed(node: ast.stmt) -> Iterator[str]:
    if not isinstance(node, ast.Assign) or isinstance(node.value, ast.Constant):
        return
    for target in node.targets:
        for item in ast.walk(target):
            if isinstance(item, ast.Name) and not item.id.isupper() and len(item.id) <= MAX_NAME:
                yield item.id


def _find_functions(tree: ast.Module, place: str) -> list[ast.FunctionDef]:
    """Return the function at a place, or the methods of the class there."""
    nodes: list[ast.AST] = [tree]
    for name in place.split("."):
        nodes = [node for outer in nodes for node in getattr(outer, "body", []) if getattr(node, "name", "") == name]
    inner = [item for node in nodes for item in (node.body if isinstance(node, ast.ClassDef) else [node])]
    return [node for node in inner if isinstance(node, ast.FunctionDef)]


def _list_reads(function: ast.FunctionDef) -> Iterator[OutsideName]:
    """List the names that a function reads and nothing in it binds."""
    bound, reads = set(), []
    for node in ast.walk(function):
        match node:
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(name=name, asname=None):
                bound.add(name.partition(".")[0])
            case ast.alias(asname=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                bound.add(name)
            case ast.Name(id=name, ctx=ast.Load()):
                reads.append(OutsideName(name, node.lineno))
            case ast.Name(id=name):
                bound.add(name)
    yield from (read for read in reads if read.name not in bound)
