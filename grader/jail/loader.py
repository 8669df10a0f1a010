"""Run a submission's definitions, one statement at a time.

Intake has already left out whatever is no definition. What is left may still fail (a missing package, a bad default):
each failure is recorded with the names it would have bound, and costs only what needs them.
"""

import ast
import linecache
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeGuard

MAX_TEXT = 2000


class Leftover:
    """A global that a notebook's other cells could have left behind. Any use of it by a function is a mistake."""

    def __init__(self, name: str) -> None:
        self.leftover_name = name


@dataclass(frozen=True)
class CompiledStatement:
    """One top-level statement, compiled; `once` where running it again is wasted work."""

    code: types.CodeType
    names: tuple[str, ...]
    line: int
    once: bool


@dataclass
class Definitions:
    """A submission's statements, and the values of those that need to run only once."""

    module: str
    statements: list[CompiledStatement]
    kept: dict[int, dict[str, Any]] = field(default_factory=dict)
    failures: dict[int, BaseException] = field(default_factory=dict)

    def make_module(self, poison: list[str]) -> types.ModuleType:
        """A new module holding the definitions, on top of `poison`'s leftovers."""
        module = types.ModuleType(self.module)
        # With a file's name, and its text in linecache, `inspect` and TorchScript find the source of classes too.
        module.__file__ = name_file(self.module)
        module.__dict__["display"] = _display_nothing
        module.__dict__.update({name: Leftover(name) for name in poison})
        # dataclasses and pickle look a class's module up by name
        sys.modules[self.module] = module
        self.failures.clear()
        for index, statement in enumerate(self.statements):
            self._run(index, statement, module.__dict__)
        return module

    def _run(self, index: int, statement: CompiledStatement, namespace: dict[str, Any]) -> None:
        if index in self.kept:
            namespace.update(self.kept[index])
            return
        try:
            exec(statement.code, namespace)
        except BaseException as error:  # noqa: BLE001 - student code may raise anything, SystemExit included
            self.failures[index] = error
            return
        if statement.once:
            self.kept[index] = {name: namespace[name] for name in statement.names if name in namespace}

    def describe_failures(self) -> list[list[Any]]:
        """[names, exception type, message, line] of every statement that did not run."""
        return [
            [list(self.statements[index].names), type(error).__name__, describe(error), self.statements[index].line]
            for index, error in self.failures.items()
        ]


def compile_definitions(source: str, module: str) -> Definitions:
    """Compile each top-level statement by itself. Raises SyntaxError and ValueError as `ast.parse` does."""
    filename = name_file(module)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    statements = []
    body = ast.parse(source, filename).body
    filled = {name for node in body if not _is_definition(node) for name in _list_filled(node)}
    for node in body:
        code = compile(ast.Module([node], []), filename, "exec", dont_inherit=True)
        names = _bound_names(node)
        once = _is_lasting(node) and not filled.intersection(names)
        statements.append(CompiledStatement(code, tuple(names), node.lineno, once))
    return Definitions(module, statements)


def name_file(module: str) -> str:
    """Return the file name that a submission's code has in tracebacks; there is no such file."""
    return f"<{module}>"


def _display_nothing(*objects: Any, **options: Any) -> None:
    """Stand in for a notebook's `display`."""


def _list_filled(node: ast.stmt) -> Iterator[str]:
    # What `table.append(1)` changes, at the top or in a loop, must be made again for each test: that line runs again.
    for item in ast.walk(node):
        match item:
            case ast.Expr(value=ast.Call(func=function, args=arguments)):
                yield from (_find_root(part) for part in (function, *arguments[:1]))
            case ast.AugAssign(target=target):
                yield _find_root(target)


def _find_root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def describe(error: BaseException) -> str:
    """The message of an exception, capped; its own `__str__` may be anything."""
    try:
        return str(error)[:MAX_TEXT]
    except BaseException as second:  # noqa: BLE001 - a hostile __str__ must not end the server
        return f"(its message raised {type(second).__name__})"


def find_lines(error: BaseException, module: str) -> list[list[Any]]:
    """[line, function] for each frame of the submission's own that the exception passed, outermost first."""
    lines = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == name_file(module):
            lines.append([traceback.tb_lineno, code.co_name])
        traceback = traceback.tb_next
    return lines[:10] if len(lines) <= 20 else lines[:10] + lines[-10:]


def _is_definition(node: ast.stmt) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def _bound_names(node: ast.stmt) -> list[str]:
    if _is_definition(node):
        return [node.name]
    names = [item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)]
    for item in ast.walk(node):
        if isinstance(item, (ast.FunctionDef, ast.ClassDef)):
            names.append(item.name)
        if isinstance(item, ast.alias):
            names.append((item.asname or item.name).split(".")[0])
    return names


def _is_lasting(node: ast.stmt) -> bool:
    # An import or a computed constant (perhaps minutes of work) is run once. Definitions, literals such as `cache = {}`
    # and `Class.forward = f` are made anew for every test, so that no test sees what another left in them.
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return not any(alias.name == "*" for alias in node.names)
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if any(not isinstance(target, (ast.Name, ast.Tuple)) for target in targets):
        return False
    return any(isinstance(item, ast.Call) for item in ast.walk(node)) and not isinstance(node.value, ast.Lambda)
