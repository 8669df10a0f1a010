"""Parse a Python package without importing it: its modules, their imports, and the cycles among them."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Graph = Mapping[str, set[str]]


@dataclass(frozen=True)
class Imports:
    """Names of the package's own modules that one module imports."""

    eager: set[str] = field(default_factory=set)  # when it is imported itself
    lazy: set[str] = field(default_factory=set)  # inside a function, when that function runs


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    name: str
    tree: ast.Module
    lines: int
    is_folder: bool

    @property
    def room(self) -> str:
        """Return the folder or the module directly below the package that holds this module."""
        return ".".join(self.name.split(".")[:2])


def find_packages(checkout: Path) -> list[Path]:
    """Return the packages of a checkout, or the folder itself if it is a package."""
    if (checkout / "__init__.py").is_file():
        return [checkout]
    for folder in (checkout / "src", checkout):
        found = sorted(
            path.parent for path in folder.glob("*/__init__.py") if path.parent.name not in ("tests", "test")
        )
        if found:
            return found
    return []


def read_package(package: Path, *, skip: tuple[str, ...] = ("tests",)) -> dict[str, Module]:
    """Parse every module below a package; folders without `__init__.py` hold data, not modules."""
    modules = {}
    for path in _list_files(package, skip):
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        modules[name] = Module(name, ast.parse(text, str(path)), len(text.splitlines()), parts[-1] == "__init__")
    return modules


def _list_files(folder: Path, skip: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py":
            yield path
        elif (path / "__init__.py").is_file() and path.name not in skip:
            yield from _list_files(path, skip)


def read_imports(modules: Mapping[str, Module]) -> dict[str, Imports]:
    """Return what each module imports of the package's own; imports for type checkers do not count."""
    return {name: _read_imports_of(module, modules) for name, module in modules.items()}


def _read_imports_of(module: Module, modules: Mapping[str, Module]) -> Imports:
    imports = Imports()
    base = module.name if module.is_folder else module.name.rpartition(".")[0]
    pending: list[tuple[ast.AST, bool]] = [(module.tree, False)]
    while pending:
        node, inside = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending.extend((child, inside) for child in node.orelse)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found = {name for name in _name_targets(node, base, modules) if name != module.name}
            (imports.lazy if inside else imports.eager).update(found)
        within = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        pending.extend((child, within) for child in ast.iter_child_nodes(node))
    return imports


def _name_targets(node: ast.Import | ast.ImportFrom, base: str, modules: Mapping[str, Module]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in modules)
        return
    source = node.module or ""
    if node.level:
        above = base.split(".")[: len(base.split(".")) - node.level + 1]
        source = ".".join([*above, source] if source else above)
    for alias in node.names:
        # `from package import name` may name a module of the package, or something that the package defines.
        target = f"{source}.{alias.name}"
        if target in modules or source in modules:
            yield target if target in modules else source


def make_room_graph(modules: Mapping[str, Module], imports: Mapping[str, Imports]) -> dict[str, set[str]]:
    """Return which rooms import which, lazily or not; the package itself is no room."""
    rooms: dict[str, set[str]] = {module.room: set() for name, module in modules.items() if "." in name}
    for name, found in imports.items():
        targets = {modules[target].room for target in found.eager | found.lazy}
        if "." in name:
            rooms[modules[name].room].update(room for room in targets if room != modules[name].room and "." in room)
    return rooms


def find_cycles(graph: Graph) -> list[list[str]]:
    """Return the groups of two nodes or more that can all reach each other."""
    order: list[str] = []
    seen: set[str] = set()
    for node in sorted(graph):
        _visit(graph, node, seen, order)
    reverse: dict[str, set[str]] = {node: set() for node in graph}
    for node, targets in graph.items():
        for target in targets:
            reverse[target].add(node)
    groups, grouped = [], set[str]()
    for node in reversed(order):
        group: list[str] = []
        _visit(reverse, node, grouped, group)
        if len(group) > 1:
            groups.append(sorted(group))
    return groups


def _visit(graph: Graph, start: str, seen: set[str], order: list[str]) -> None:
    """Append to `order` what can be reached from `start` and was not seen, each node after those that it reaches."""
    if start in seen:
        return
    seen.add(start)
    stack = [(start, iter(sorted(graph[start])))]
    while stack:
        node, targets = stack[-1]
        following = next((target for target in targets if target not in seen), None)
        if following is None:
            order.append(node)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(sorted(graph[following]))))
