"""Run a submission's definitions, one statement at a time.

Intake has already left out everything that is no definition. What is left may still fail (a missing package, a bad
default): each failure is recorded with the names it would have bound, and costs only what needs them. An import or a
computed constant runs once in the life of a process, and only if an expected definition or a test needs it.
"""

import builtins
import linecache
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from grader.jail.name_index import NameIndex
from grader.jail.randomness import separate_randomness
from grader.jail.statements import CompiledStatement, compile_statements

MAX_TEXT = 2000
MAX_SHAPES = 20


class Leftover:
    """A global that a notebook's other cells could have left behind. A function that uses it is wrong."""

    def __init__(self, name: str) -> None:
        self.leftover_name = name


class LazyBuiltins(dict[str, Any]):
    """Python's builtins, and behind them names whose statements have not run yet."""

    def __init__(self, find: Callable[[str], Any]) -> None:
        """Use `find(name)`, which runs a name's statements and returns its value, or raises KeyError."""
        super().__init__(vars(builtins))
        self._find = find

    def __missing__(self, name: str) -> Any:
        return self._find(name)


@dataclass
class Definitions:
    """A submission's statements, and the values of those that run only once.

    `waiting` has the statements of each name that wait until the name is read.
    """

    module: str
    statements: list[CompiledStatement]
    index: NameIndex
    waiting: dict[str, list[int]]
    kept: dict[int, dict[str, Any]] = field(default_factory=dict)
    failures: dict[int, BaseException] = field(default_factory=dict)
    _running: set[int] = field(default_factory=set)

    def make_module(self, poison: list[str]) -> types.ModuleType:
        """Return a new module holding the definitions, on top of `poison`'s leftovers."""
        module = types.ModuleType(self.module)
        # With a file's name, and its text in linecache, `inspect` and TorchScript find the source of classes too.
        module.__file__ = name_file(self.module)
        namespace = module.__dict__
        namespace["display"] = lambda *objects, **options: None  # a notebook's own, which shows things
        namespace.update({name: Leftover(name) for name in poison if name not in self.waiting})
        # dataclasses and pickle look a class's module up by name
        sys.modules[self.module] = module
        later = {index for group in self.waiting.values() if not self.kept.keys() & group for index in group}
        if later:
            self._find_later(module)
        for index in range(len(self.statements)):
            if index not in later:
                self._run(index, namespace)
        return module

    def take_over(self, previous: "Definitions") -> None:
        """Take over the values of statements that `previous` has run and that need exactly the same text here."""
        known = {previous.index.read_texts(index): index for index in (*previous.kept, *previous.failures)}
        for index in range(len(self.statements)):
            old = known.get(self.index.read_texts(index)) if index in self.index.once and known else None
            if old in previous.kept:
                self.kept[index] = previous.kept[old]
            elif old in previous.failures:
                self.failures[index] = previous.failures[old]

    def describe_failures(self) -> list[list[Any]]:
        """Return [names, exception type, message, line] of every statement that failed."""
        return [
            [list(self.statements[index].binds), type(error).__name__, describe(error), self.statements[index].line]
            for index, error in sorted(self.failures.items())
        ]

    def _find_later(self, module: types.ModuleType) -> None:
        # A name that functions do not find among the globals is looked up in the builtins, and one that is not found
        # in a module by its function `__getattr__`.
        def find(name: str) -> Any:
            indices = self.waiting.get(name, [])
            if not indices or self._running.intersection(indices):
                raise KeyError(name)
            with separate_randomness():
                for index in indices:
                    self._run(index, module.__dict__)
            if name not in module.__dict__:
                raise next((self.failures[index] for index in indices if index in self.failures), KeyError(name))
            return module.__dict__[name]

        def find_attribute(name: str) -> Any:
            try:
                return find(name)
            except KeyError:
                raise AttributeError(f"module {self.module!r} has no attribute {name!r}") from None

        module.__dict__.update({"__builtins__": LazyBuiltins(find), "__getattr__": find_attribute})

    def _run(self, index: int, namespace: dict[str, Any]) -> None:
        statement = self.statements[index]
        if index in self.kept:
            namespace.update(self.kept[index])
            return
        if index in self.index.once and index in self.failures:
            return
        self.failures.pop(index, None)
        self._running.add(index)
        try:
            exec(statement.code, namespace)
        except BaseException as error:  # noqa: BLE001 - student code may raise anything, SystemExit included
            self.failures[index] = error
            return
        finally:
            self._running.discard(index)
        if index in self.index.once:
            self.kept[index] = {name: namespace[name] for name in statement.binds if name in namespace}


def compile_definitions(source: str, module: str, expected: list[str] | None = None) -> Definitions:
    """Compile each top-level statement by itself. Raises SyntaxError and ValueError as `ast.parse` does."""
    filename = name_file(module)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    statements = compile_statements(source, filename)
    index = NameIndex(statements)
    return Definitions(module, statements, index, index.find_deferrable(expected or []))


def name_file(module: str) -> str:
    """Return the file name that a submission's code has in tracebacks; there is no such file."""
    return f"<{module}>"


def describe(error: BaseException) -> str:
    """Return the message of an exception, cut to MAX_TEXT; its own `__str__` may do anything."""
    try:
        return str(error)[:MAX_TEXT]
    except BaseException as second:  # noqa: BLE001 - a hostile __str__ must not end the server
        return f"(its message raised {type(second).__name__})"


def find_lines(error: BaseException, module: str) -> list[list[Any]]:
    """Return [line, function] for each frame of the submission's own in the traceback, outermost first."""
    lines = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == name_file(module):
            lines.append([traceback.tb_lineno, code.co_name])
        traceback = traceback.tb_next
    return lines[:10] if len(lines) <= 20 else lines[:10] + lines[-10:]


def find_shapes(error: BaseException, module: str) -> list[list[Any]]:
    """Return [name, shape] of the tensors and arrays in the submission's last function on the way, in their order."""
    traceback, found = error.__traceback__, None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == name_file(module):
            found = traceback.tb_frame
        traceback = traceback.tb_next
    try:
        values = dict(found.f_locals) if found is not None else {}
        shapes = [[name, [int(size) for size in value.shape]] for name, value in values.items() if _has_shape(value)]
    except BaseException:  # noqa: BLE001 - a submission's own kind of tensor may do anything
        return []
    return shapes[:MAX_SHAPES]


def _has_shape(value: Any) -> bool:
    kinds = (("torch", "Tensor"), ("numpy", "ndarray"))
    return any(isinstance(value, getattr(sys.modules[name], kind)) for name, kind in kinds if name in sys.modules)
