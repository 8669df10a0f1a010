"""Compile a submission's top level, one statement at a time, and find what each statement needs."""

import __future__

import ast
import builtins
import types
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

# A statement that uses one of these may read any name without spelling it.
REACHES_ANYTHING = frozenset({"globals", "locals", "vars", "__dict__"})
BUILTIN_NAMES = frozenset(dir(builtins))


@dataclass(frozen=True)
class CompiledStatement:
    """One top-level statement: its code and text, the names it binds, changes and reads.

    `once` marks an import or a computed constant, which need not run again for every test; `unpredictable` a statement
    that may bind or read any name.
    """

    code: types.CodeType
    text: str
    line: int
    binds: tuple[str, ...]
    changes: frozenset[str]
    reads: frozenset[str]
    once: bool
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
        names = _list_code_names(code)
        statements.append(
            CompiledStatement(
                code=code,
                text="\n".join(lines[node.lineno - 1 : node.end_lineno]),
                line=node.lineno,
                binds=tuple(_list_bound_names(node)),
                changes=frozenset(_list_changed_names(node)),
                # Local variables are no names of the code, and attributes are no names of the syntax tree.
                reads=names & {item.id for item in ast.walk(node) if isinstance(item, ast.Name)},
                once=_is_once(node),
                unpredictable=bool(names & REACHES_ANYTHING) or {"sys", "modules"} <= names or _imports_all(node),
            )
        )
    return statements


class NameIndex:
    """The statements of a module by the names that they bind or change."""

    def __init__(self, statements: Sequence[CompiledStatement]) -> None:
        self.statements = statements
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for index, statement in enumerate(statements):
            for name in {*statement.binds, *statement.changes}:
                self._by_name[name].append(index)

    def find_reached(self, names: Iterable[str]) -> set[int]:
        """Return the statements that these names need, directly or through other statements."""
        reached: set[int] = set()
        waiting, known = list(names), set(names)
        while waiting:
            for index in self._by_name.get(waiting.pop(), ()):
                if index not in reached:
                    reached.add(index)
                    new = self.statements[index].reads - known
                    known |= new
                    waiting += new
        return reached

    def read_texts(self, index: int) -> tuple[str, ...]:
        """Return the text of a statement and of everything that it needs, in order."""
        statement = self.statements[index]
        return tuple(self.statements[item].text for item in sorted({index, *self.find_reached(statement.reads)}))

    def find_deferrable(self, expected: Collection[str]) -> dict[str, list[int]]:
        """Return the statements that may wait until a name is read: for each name those that bind it or change it.

        They bind imports and computed constants that no expected name reaches. Names that other code can read without
        spelling them do not wait.
        """
        if not expected or any(statement.unpredictable for statement in self.statements):
            return {}
        reached = self.find_reached(expected)
        candidates = {
            index
            for index, statement in enumerate(self.statements)
            if statement.once and index not in reached and not BUILTIN_NAMES.intersection(statement.binds)
        }
        while True:
            names = {name for index in candidates for name in self.statements[index].binds}
            hurried = {name for name in names if not self._may_wait(name, candidates)}
            excluded = {index for index in candidates if hurried.intersection(self.statements[index].binds)}
            if not excluded:
                return {name: self._list_group(name) for name in names}
            candidates -= excluded

    def _may_wait(self, name: str, candidates: set[int]) -> bool:
        """Tell whether all statements that bind or change a name may run later, together."""
        indices = self._by_name[name]
        between = set(range(indices[0], indices[-1])).difference(indices)
        return all(
            index in candidates or (not self.statements[index].binds and self.statements[index].changes == {name})
            for index in indices
        ) and not any(name in self.statements[index].reads for index in between)

    def _list_group(self, name: str) -> list[int]:
        group: set[int] = set()
        names, waiting = {name}, [name]
        while waiting:
            found = set(self._by_name[waiting.pop()]) - group
            group |= found
            new = {other for index in found for other in self.statements[index].binds} - names
            names |= new
            waiting += new
        return sorted(group)


def _imports_all(node: ast.stmt) -> bool:
    return any(isinstance(item, ast.ImportFrom) and item.names[0].name == "*" for item in ast.walk(node))


def _list_code_names(code: types.CodeType) -> frozenset[str]:
    names: set[str] = set()
    waiting = [code]
    while waiting:
        item = waiting.pop()
        names.update(item.co_names)
        waiting += [constant for constant in item.co_consts if isinstance(constant, types.CodeType)]
    return frozenset(names)


def _list_bound_names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    for item in ast.walk(node):
        if isinstance(item, ast.Global):
            yield from item.names
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    for item in ast.walk(node):
        if isinstance(item, ast.Name) and not isinstance(item.ctx, ast.Load):
            yield item.id
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield item.name
        if isinstance(item, ast.alias):
            yield (item.asname or item.name).split(".")[0]


def _list_changed_names(node: ast.stmt) -> Iterator[str]:
    # `Class.forward = f` and `table["a"] = 1` change what Class and table name.
    if not isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        return
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        place: ast.expr = target
        while isinstance(place, (ast.Attribute, ast.Subscript)):
            place = place.value
        if place is not target and isinstance(place, ast.Name):
            yield place.id


def _is_once(node: ast.stmt) -> bool:
    # An import or a computed constant (perhaps minutes of work) runs once. Definitions, literals such as `cache = {}`
    # and `Class.forward = f` run for every test, so that no test sees what another left in them.
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return not _imports_all(node) and getattr(node, "module", "") != "__future__"
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if any(not isinstance(target, (ast.Name, ast.Tuple)) for target in targets):
        return False
    return any(isinstance(item, ast.Call) for item in ast.walk(node)) and not isinstance(node.value, ast.Lambda)
