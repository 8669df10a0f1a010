"""The names of a module, each with every statement that binds it or changes what it names. Nothing is run."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence

from grader.examiner.calls import SETTERS
from grader.intake.names import read_names
from grader.intake.statements import list_suites


def index_definitions(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """Map each module-level name to the statements that bind it or change what it names, those in blocks included."""
    index: dict[str, list[ast.AST]] = defaultdict(list)
    for node in _list_simple(tree.body):
        for name in sorted(_list_bound(node)):
            index[name].append(node)
    return index


def _list_simple(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    # The statements themselves, and of a block its header and what is in it.
    waiting: list[ast.stmt] = list(reversed(body))
    while waiting:
        node = waiting.pop()
        suites = list_suites(node)
        if not suites:
            yield node
            continue
        match node:
            case ast.For() | ast.AsyncFor():
                yield ast.Assign([node.target], node.iter, lineno=node.lineno)
            case ast.With() | ast.AsyncWith():
                yield from node.items
        for suite in reversed(suites):
            waiting += reversed(suite)


def _list_bound(node: ast.AST) -> set[str]:
    names = read_names([node])
    bound = names.binds | names.made_global
    match node:
        case ast.Assign(targets=targets):
            bound |= {root for target in targets for root in _list_roots(target)}
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            bound |= set(_list_roots(target))
        case ast.withitem(optional_vars=ast.expr() as target):
            bound |= set(_list_roots(target))
        case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=[target, *_])) if name in SETTERS:
            bound |= set(_list_roots(target))
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner), keywords=keywords)):
            bound |= set(_list_roots(owner))
            # `globals().update(f=g)` binds f.
            bound |= {keyword.arg for keyword in keywords if keyword.arg and isinstance(owner, ast.Call)}
    return bound


def _list_roots(target: ast.AST) -> Iterator[str]:
    """List the names that a target changes: `Class` of `Class.forward`, `f` of `globals()["f"]`."""
    waiting = [target]
    while waiting:
        node = waiting.pop()
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call):
                yield str(getattr(node.slice, "value", ""))
            node = node.value
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, (ast.Tuple, ast.List)):
            waiting += node.elts
