"""A module's statements and what each of them is for: a definition, something that binds a name, or a driver line."""

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from grader.intake.filling import find_root, list_filled, list_parts, read_called
from grader.intake.names import Names, read_names

Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign
# Calls that wait for somebody, end the program, or exist in a notebook only.
_NEVER_RUN = frozenset({"input", "raw_input", "exit", "quit", "get_ipython"})
# Calls that give a function.
_WRAPPERS = frozenset(
    {"partial", "compile", "script", "trace", "vmap", "vectorize", "cache", "lru_cache", "attrgetter"}
)


class Kind(Enum):
    """The purpose of a statement."""

    DEFINITION = "definition"
    BINDING = "binding"
    PATCH = "patch"
    BLOCK = "block"
    STAR_IMPORT = "star import"
    FUTURE = "future"
    DRIVER = "driver"


@dataclass(eq=False)
class Statement:
    """One statement at the top level, or in a block there. The names of a block are those of its header."""

    node: ast.stmt
    kind: Kind
    names: Names
    piece: int
    parent: "Statement | None" = None
    patches: frozenset[str] = frozenset()
    kept: bool = False
    live: bool = False
    inner: list["Statement"] = field(default_factory=list)

    @property
    def is_class(self) -> bool:
        """Say whether it defines a class."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_import(self) -> bool:
        """Say whether it binds names from elsewhere."""
        return isinstance(self.node, (ast.Import, ast.ImportFrom))

    @property
    def is_in_loop(self) -> bool:
        """Say whether it stands in a loop, as the closure that a training step hands to its optimizer does."""
        loop = self.parent
        while loop and not isinstance(loop.node, (ast.For, ast.AsyncFor)):
            loop = loop.parent
        return loop is not None

    def hides_definition(self, defined: set[str], given: set[str], expected: Collection[str]) -> bool:
        """Say whether it is a driver line that would hide a definition by a value.

        For any class or function X that is `X = X(...)`; for one that is expected, anything that is no function itself.
        `given` are the names that are defined or imported.
        """
        match self.node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=called))) if name == called:
                return name in defined
            case ast.Assign(targets=targets, value=value):
                names = {part.id for target in targets for part in list_parts(target) if isinstance(part, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                names = {name}
            case ast.AugAssign(target=ast.Name(id=name)):
                return name in defined and name in expected
            case _:
                return False
        hidden = names & defined & set(expected)
        return bool(hidden) and not _is_function(value, hidden, given)


def list_statements(tree: ast.Module, piece: int, *, in_notebook: bool = False) -> list[Statement]:
    """Return the top-level statements of one piece, with the statements inside its blocks under `inner`.

    In a notebook `__name__` is `"__main__"`, so what stands under that condition runs like anything else.
    """
    return _list_suite(tree.body, piece, None, in_notebook)


def walk_statements(statements: Sequence[Statement]) -> Iterator[Statement]:
    """List every statement and every one inside it, in the order of the text."""
    for statement in statements:
        yield statement
        yield from walk_statements(statement.inner)


def list_suites(node: ast.stmt) -> list[list[ast.stmt]]:
    """Return the bodies of a block; those of an `elif` belong to its `if`."""
    match node:
        case ast.If():
            bodies = [link.body for link in _follow_elif(node)]
            return [*bodies, _follow_elif(node)[-1].orelse]
        case ast.Try() | ast.TryStar():
            return [node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody]
        case ast.For() | ast.AsyncFor() | ast.While():
            return [node.body, node.orelse]
        case ast.With() | ast.AsyncWith():
            return [node.body]
        case ast.Match():
            return [case.body for case in node.cases]
    return []


def _list_suite(body: list[ast.stmt], piece: int, parent: Statement | None, in_notebook: bool) -> list[Statement]:
    statements = []
    for node in body:
        kind = _classify(node, in_notebook)
        names = Names()  # a driver line is never run, so nothing that it names matters
        if kind is not Kind.DRIVER:
            names = read_names(_list_header(node) if kind is Kind.BLOCK else [node])
        statement = Statement(node, kind, names, piece, parent)
        if kind is Kind.PATCH:
            statement.patches = list_filled(node)
            if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
                names.needs -= names.binds - statement.patches  # what the loop itself makes
        if kind is Kind.BLOCK:
            for suite in list_suites(node):
                statement.inner += _list_suite(suite, piece, statement, in_notebook)
        statements.append(statement)
    return statements


def _classify(node: ast.stmt, in_notebook: bool) -> Kind:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return Kind.DEFINITION
        case ast.ImportFrom(module="__future__"):
            return Kind.FUTURE
        case ast.ImportFrom(names=[ast.alias(name="*")]):
            return Kind.STAR_IMPORT
        case ast.Import() | ast.ImportFrom():
            return Kind.BINDING
        case ast.Assign(value=value) | ast.AnnAssign(value=value) | ast.AugAssign(value=value):
            if value is None or _calls_what_never_runs(value):
                return Kind.DRIVER
            if list_filled(node):
                return Kind.PATCH
            return Kind.DEFINITION if isinstance(value, ast.Lambda) else Kind.BINDING
        case ast.If() if is_main_guard(node.test) and not in_notebook:
            return Kind.DRIVER
        case ast.If() | ast.Try() | ast.TryStar() | ast.With() | ast.AsyncWith():
            return Kind.BLOCK
        case ast.Expr() | ast.For() | ast.AsyncFor() | ast.While() if _holds_definition(node):
            return Kind.DRIVER if isinstance(node, ast.While) else Kind.BLOCK
        case ast.Expr() | ast.For() | ast.AsyncFor() | ast.While() | ast.Delete():
            return Kind.PATCH if list_filled(node) and not _calls_what_never_runs(node) else Kind.DRIVER
    if type(node).__name__ == "TypeAlias":  # `type X = ...`, from Python 3.12 on
        return Kind.BINDING
    return Kind.BLOCK if _holds_definition(node) else Kind.DRIVER


def _calls_what_never_runs(value: ast.AST) -> bool:
    calls = (item.func for item in ast.walk(value) if isinstance(item, ast.Call))
    return any(isinstance(called, ast.Name) and called.id in _NEVER_RUN for called in calls)


def _is_function(value: ast.expr, hidden: set[str], given: set[str]) -> bool:
    """Say whether a value bound to a definition's name is one too: another's name, or the definition wrapped."""
    match value:
        case ast.Name() | ast.Attribute():
            return find_root(value) in given
        case ast.Lambda():
            return True
        case ast.Call():
            inner = list(ast.walk(value))
            called = {node.func.id for node in inner if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
            passed = {node.id for node in inner if isinstance(node, ast.Name)}
            return not called & hidden and (bool(passed & hidden) or read_called(value) in _WRAPPERS)
    return False


def is_main_guard(test: ast.expr) -> bool:
    """Say whether a condition is `__name__ == "__main__"`."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, *test.comparators]
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)


def _holds_definition(node: ast.stmt) -> bool:
    waiting = list_suites(node)
    while waiting:
        for inner in waiting.pop():
            if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                return True
            waiting += list_suites(inner)
    return False


def _follow_elif(node: ast.If) -> list[ast.If]:
    chain = [node]
    while len(chain[-1].orelse) == 1:
        link = chain[-1].orelse[0]
        if not isinstance(link, ast.If) or link.col_offset != node.col_offset:
            break
        chain.append(link)
    return chain


def _list_header(node: ast.stmt) -> list[ast.AST]:
    match node:
        case ast.If():
            return [link.test for link in _follow_elif(node)]
        case ast.Try() | ast.TryStar():
            return [handler.type for handler in node.handlers if handler.type]
        case ast.While():
            return [node.test]
        case ast.For() | ast.AsyncFor():
            return [node.target, node.iter]
        case ast.With() | ast.AsyncWith():
            return list(node.items)
        case ast.Match():
            return [node.subject, *(part for case in node.cases for part in (case.pattern, case.guard) if part)]
    return []
