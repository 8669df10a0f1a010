"""Compile a submission's top level, one statement at a time, and find the names that each statement uses."""

import __future__

import ast
import types
from collections.abc import Iterator
from dataclasses import dataclass

# A statement that uses one of these may read any name without spelling it.
REACHES_ANYTHING = frozenset({"globals", "locals", "vars", "__dict__"})


@dataclass(frozen=True)
class CompiledStatement:
    """One top-level statement: its code and text, and the names that it binds, changes and reads.

    `lasting` marks an import or a computed constant, which need not run again for every test; `fills` a statement such
    as `table.append(1)`, which must not run twice on the same value; `unpredictable` one that may use any name.
    """

    code: types.CodeType
    text: str
    line: int
    binds: tuple[str, ...]
    changes: frozenset[str]
    reads: frozenset[str]
    lasting: bool
    fills: bool
    holds_definition: bool
    unpredictable: bool


def compile_statements(source: str, filename: str) -> list[CompiledStatement]:
    """Compile each top-level statement by itself. Raises SyntaxError and ValueError as `ast.parse` does."""
    lines = source.split("\n")
    statements = []
    flags = 0
    for node in ast.parse(source, filename).body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            # It changes how the rest of the module is compiled.
            flags |= sum(getattr(getattr(__future__, alias.name, None), "compiler_flag", 0) for alias in node.names)
        code = compile(ast.Module([node], []), filename, "exec", flags, dont_inherit=True)
        text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        statements.append(_describe(node, code, text))
    return statements


def _describe(node: ast.stmt, code: types.CodeType, text: str) -> CompiledStatement:
    parts = list(ast.walk(node))
    names = _list_code_names(code)
    imports_all = any(isinstance(part, ast.ImportFrom) and part.names[0].name == "*" for part in parts)
    changes = frozenset() if _is_definition(node) else frozenset(_list_changed_names(parts))
    is_patch = isinstance(node, (ast.Assign, ast.AnnAssign))
    return CompiledStatement(
        code=code,
        text=text,
        line=node.lineno,
        binds=tuple(_list_bound_names(node, parts)),
        changes=changes,
        # Local variables are no names of the code, and attributes are no names of the syntax tree.
        reads=names & {part.id for part in parts if isinstance(part, ast.Name)},
        lasting=_is_lasting(node, parts) and not imports_all,
        fills=bool(changes) and not is_patch,
        holds_definition=any(map(_is_definition, parts)),
        unpredictable=bool(names & REACHES_ANYTHING) or {"sys", "modules"} <= names or imports_all,
    )


def _is_definition(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def _list_code_names(code: types.CodeType) -> frozenset[str]:
    names: set[str] = set()
    waiting = [code]
    while waiting:
        item = waiting.pop()
        names.update(item.co_names)
        waiting += [constant for constant in item.co_consts if isinstance(constant, types.CodeType)]
    return frozenset(names)


def _list_bound_names(node: ast.stmt, parts: list[ast.AST]) -> Iterator[str]:
    is_definition = _is_definition(node)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    for part in parts:
        match part:
            case ast.Global(names=names):
                yield from names
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if not is_definition:
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                if not is_definition:
                    yield name
            case ast.alias(name=name, asname=other) if not is_definition:
                yield (other or name).split(".")[0]


def _list_changed_names(parts: list[ast.AST]) -> Iterator[str]:
    # `Class.forward = f`, `table["a"] = 1`, `table.append(1)`, `fill(table)` and `table += [1]`.
    for part in parts:
        match part:
            case ast.Expr(value=ast.Call(func=function, args=arguments)):
                yield from (_find_root(item) for item in (function, *arguments[:1]))
            case ast.AugAssign(target=target):
                yield _find_root(target)
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                yield _find_root(part)


def _find_root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_lasting(node: ast.stmt, parts: list[ast.AST]) -> bool:
    # An import or a computed constant (perhaps minutes of work) runs once. Definitions, literals such as `cache = {}`
    # and `Class.forward = f` run for every test, so that no test sees what another left in them.
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return getattr(node, "module", "") != "__future__"
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if any(not isinstance(target, (ast.Name, ast.Tuple)) for target in targets):
        return False
    return any(isinstance(part, ast.Call) for part in parts) and not isinstance(node.value, ast.Lambda)
