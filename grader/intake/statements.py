"""A module's statements and what each of them is for: a definition, something that binds a name, or a driver line."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from grader.intake.names import Names, read_names

Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign
# Calls that wait for somebody, end the program, or exist in a notebook only.
_NEVER_RUN = frozenset({"input", "raw_input", "exit", "quit", "get_ipython"})


class Kind(Enum):
    """What a statement is for."""

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
    patches: str = ""
    kept: bool = False
    live: bool = False
    inner: list["Statement"] = field(default_factory=list)

    @property
    def is_class(self) -> bool:
        """Whether it defines a class."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_import(self) -> bool:
        """Whether what it binds comes from elsewhere."""
        return isinstance(self.node, (ast.Import, ast.ImportFrom))

    @property
    def is_in_loop(self) -> bool:
        """Whether it stands in a loop, as the closure that a training step hands to its optimizer does."""
        loop = self.parent
        while loop and not isinstance(loop.node, (ast.For, ast.AsyncFor)):
            loop = loop.parent
        return loop is not None

    def replaces_by_instance(self, defined: set[str]) -> bool:
        """Whether it is `X = X(...)` for a class or function X: a driver line that would hide the definition."""
        match self.node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=called))):
                return name == called and name in defined
        return False


def list_statements(tree: ast.Module, piece: int) -> list[Statement]:
    """The top-level statements of one piece, with the statements inside its blocks under `inner`."""
    return _list_suite(tree.body, piece, None)


def walk_statements(statements: Sequence[Statement]) -> Iterator[Statement]:
    """Every statement and every one inside it, in the order of the text."""
    for statement in statements:
        yield statement
        yield from walk_statements(statement.inner)


def list_suites(node: ast.stmt) -> list[list[ast.stmt]]:
    """The bodies of a block; those of an `elif` belong to its `if`."""
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


def _list_suite(body: list[ast.stmt], piece: int, parent: Statement | None) -> list[Statement]:
    statements = []
    for node in body:
        kind = _classify(node)
        statement = Statement(node, kind, _read_own_names(node, kind), piece, parent)
        if kind is Kind.PATCH:
            statement.patches = _find_patched_name(node)
        if kind is Kind.BLOCK:
            for suite in list_suites(node):
                statement.inner += _list_suite(suite, piece, statement)
        statements.append(statement)
    return statements


def _classify(node: ast.stmt) -> Kind:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return Kind.DEFINITION
        case ast.ImportFrom(module="__future__"):
            return Kind.FUTURE
        case ast.ImportFrom(names=[ast.alias(name="*")]):
            return Kind.STAR_IMPORT
        case ast.Import() | ast.ImportFrom():
            return Kind.BINDING
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            return _classify_assignment(node)
        case ast.If() if _is_main_guard(node.test):
            return Kind.DRIVER
        case ast.If() | ast.Try() | ast.TryStar():
            return Kind.BLOCK
    if type(node).__name__ == "TypeAlias":  # `type X = ...`, from Python 3.12 on
        return Kind.BINDING
    if isinstance(node, ast.While) or not _holds_definition(node):
        return Kind.DRIVER
    return Kind.BLOCK


def _classify_assignment(node: Assignment) -> Kind:
    if node.value is None or _calls_what_never_runs(node.value):
        return Kind.DRIVER
    if _find_patched_name(node):
        return Kind.PATCH
    return Kind.DEFINITION if isinstance(node.value, ast.Lambda) else Kind.BINDING


def _calls_what_never_runs(value: ast.expr) -> bool:
    calls = (item.func for item in ast.walk(value) if isinstance(item, ast.Call))
    return any(isinstance(called, ast.Name) and called.id in _NEVER_RUN for called in calls)


def _find_patched_name(node: ast.stmt) -> str:
    # `Class.forward = f` and `table["a"] = 1` change what Class and table name; they bind nothing.
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    target = targets[0] if len(targets) == 1 else None
    if not isinstance(target, (ast.Attribute, ast.Subscript)):
        return ""
    while isinstance(target, (ast.Attribute, ast.Subscript)):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""


def _is_main_guard(test: ast.expr) -> bool:
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


def _read_own_names(node: ast.stmt, kind: Kind) -> Names:
    if kind is Kind.DRIVER:
        return Names()  # never run, so nothing that it names matters
    return read_names(_list_header(node) if kind is Kind.BLOCK else [node])


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
