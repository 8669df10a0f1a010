"""Measure how a codebase is built, for one checkout or several side by side.

Run by `make measure`, or `python -m grader.tools.measure_structure CHECKOUT [CHECKOUT ...]`. Sources are parsed, never
imported. Each checkout is a folder with a package in it or in `src/`, or the package itself.
"""

import argparse
import ast
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from grader.tools.source_tree import (
    Module,
    find_cycles,
    find_packages,
    make_room_graph,
    read_imports,
    read_package,
)

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
# A docstring that opens like this is a relative clause used as a noun; an imperative verb says the same in fewer words.
CLAUSE = re.compile(r"(What|Whatever|Whether|Who|Whoever|Whom|Whose|How|Where|Wherever|When|Why|Which|By|That)\b")
DOCUMENTED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
LONG_FUNCTION = 40
LONG_MODULE = 300
SHORT_HELPER = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one column of figures for each checkout, or with `--details` what to look at in them."""
    parser = argparse.ArgumentParser(description="Measure how a codebase is built.")
    parser.add_argument("checkouts", nargs="+", metavar="CHECKOUT", help="a folder with a package, or the package")
    parser.add_argument("--details", action="store_true", help="list cycles, long modules and functions, short helpers")
    options = parser.parse_args(arguments)
    packages = []
    for checkout in options.checkouts:
        found = find_packages(Path(checkout).resolve())
        if not found:
            sys.exit(f"no Python package in {checkout}: give a folder that holds one, in it or in src/")
        packages += [(checkout, package) for package in found]
    if options.details:
        print("\n".join(line for _, package in packages for line in list_details(package)))
        return
    shared = Counter(package.name for _, package in packages)
    columns = [
        (checkout if shared[package.name] > 1 else package.name, measure_package(package))
        for checkout, package in packages
    ]
    print("\n".join(format_table(columns)))


def format_table(columns: Sequence[tuple[str, Mapping[str, str]]]) -> Iterator[str]:
    """Return the lines of a Markdown table with a row for each figure."""
    yield f"| | {' | '.join(name for name, _ in columns)} |"
    yield "| --- |" + " --- |" * len(columns)
    for row in columns[0][1]:
        yield f"| {row} | {' | '.join(figures[row] for _, figures in columns)} |"


def measure_package(package: Path) -> dict[str, str]:
    """Return every figure of a package by what it measures."""
    modules = read_package(package)
    return {**_measure_layout(modules), **_measure_functions(modules), **_measure_style(modules)}


def list_details(package: Path) -> Iterator[str]:
    """Return a line for each place that the figures count: cycles, long modules, long functions, short helpers."""
    modules = read_package(package)
    imports = read_imports(modules)
    for cycle in find_cycles({name: found.eager | found.lazy for name, found in imports.items()}):
        yield f"cycle of modules: {', '.join(cycle)}"
    for name, module in sorted(modules.items()):
        if module.lines > LONG_MODULE:
            yield f"{name}: {module.lines} lines"
        once = list(_find_used_once(module))
        for node in ast.walk(module.tree):
            if isinstance(node, FUNCTION) and _count_body_lines(node) > LONG_FUNCTION:
                yield f"{name}:{node.lineno}: {node.name} has {_count_body_lines(node)} lines"
            if isinstance(node, FUNCTION) and node in once and _count_body_lines(node) <= SHORT_HELPER:
                yield f"{name}:{node.lineno}: {node.name} is used once and has {_count_body_lines(node)} lines"
            if isinstance(node, DOCUMENTED) and CLAUSE.match(ast.get_docstring(node) or ""):
                yield f"{name}:{getattr(node, 'lineno', 1)}: the docstring opens with a clause"


def _measure_layout(modules: Mapping[str, Module]) -> dict[str, str]:
    imports = read_imports(modules)
    rooms = make_room_graph(modules, imports)
    folders = [room for room in rooms if modules[room].is_folder]
    lengths = [module.lines for module in modules.values() if module.lines]
    largest = max(modules.values(), key=lambda module: module.lines)
    both_ways = {frozenset((a, b)) for a in folders for b in rooms[a] if b in folders and a in rooms[b]}
    eager = find_cycles({name: found.eager for name, found in imports.items()})
    every = find_cycles({name: found.eager | found.lazy for name, found in imports.items()})
    return {
        "lines": f"{sum(lengths):,}",
        "modules": str(len(lengths)),
        "modules at the top + folders": f"{len(rooms) - len(folders)} + {len(folders)}",
        "arrows between them": str(sum(len(targets) for targets in rooms.values())),
        "floors": str(_count_floors(rooms)),
        "pairs of folders that import each other": str(len(both_ways)),
        "cycles of modules when imported (largest)": _describe_cycles(eager),
        "cycles of modules, lazy imports too (largest)": _describe_cycles(every),
        "module length median/p90/max": _describe_spread(lengths, with_p99=False),
        "largest module": f"{largest.name.partition('.')[2] or largest.name} {largest.lines}",
    }


def _measure_functions(modules: Mapping[str, Module]) -> dict[str, str]:
    functions = [node for module in modules.values() for node in ast.walk(module.tree) if isinstance(node, FUNCTION)]
    lengths = [_count_body_lines(function) for function in functions]
    private = [node for node in functions if _is_private(node)]
    once = [function for module in modules.values() for function in _find_used_once(module)]
    short = [function for function in once if _count_body_lines(function) <= SHORT_HELPER]
    return {
        "function length median/p90/p99/max": _describe_spread(lengths, with_p99=True),
        f"functions over {LONG_FUNCTION} lines": _describe_share(sum(n > LONG_FUNCTION for n in lengths), len(lengths)),
        "private functions used once": _describe_share(len(once), len(private)),
        f"... of {SHORT_HELPER} lines or fewer": str(len(short)),
        "functions annotated": _describe_share(sum(map(_is_annotated, functions)), len(functions)),
    }


def _measure_style(modules: Mapping[str, Module]) -> dict[str, str]:
    nodes = [node for module in modules.values() for node in ast.walk(module.tree)]
    documented = [text for node in nodes if isinstance(node, DOCUMENTED) if (text := ast.get_docstring(node))]
    public = [node for node in nodes if isinstance(node, FUNCTION) and not node.name.startswith("_")]
    classes = Counter(node.name for node in nodes if isinstance(node, ast.ClassDef))
    twice = sorted(name for name, count in classes.items() if count > 1)
    return {
        "public functions with a docstring": _describe_share(sum(map(_has_docstring, public)), len(public)),
        "docstrings that open with a clause": _describe_share(
            sum(bool(CLAUSE.match(text)) for text in documented), len(documented)
        ),
        "class names defined twice": f"{len(twice)} ({', '.join(twice)})" if twice else "0",
    }


def _find_used_once(module: Module) -> Iterator[FUNCTION]:
    """Return the private functions whose name is used once in their own module."""
    names = (getattr(node, "id", getattr(node, "attr", None)) for node in ast.walk(module.tree))
    used = Counter(names)
    for node in ast.walk(module.tree):
        if isinstance(node, FUNCTION) and _is_private(node) and used[node.name] == 1:
            yield node


def _is_private(function: FUNCTION) -> bool:
    return function.name.startswith("_") and not function.name.endswith("__")


def _count_body_lines(function: FUNCTION) -> int:
    body = function.body[1:] if _has_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _has_docstring(function: FUNCTION) -> bool:
    return ast.get_docstring(function, clean=False) is not None


def _is_annotated(function: FUNCTION) -> bool:
    given = function.args
    named = [*given.posonlyargs, *given.args]
    named = named[1:] if named and named[0].arg in ("self", "cls") else named
    named += [*given.kwonlyargs, *(extra for extra in (given.vararg, given.kwarg) if extra)]
    returns = function.returns is not None or function.name == "__init__"
    return returns and all(argument.annotation is not None for argument in named)


def _count_floors(rooms: Mapping[str, set[str]]) -> int:
    """Return the length of the longest chain of imports; rooms in one cycle stand on one floor."""
    shared = {room: min(group) for group in find_cycles(rooms) for room in group}
    above: dict[str, set[str]] = {}
    for room, targets in rooms.items():
        here = shared.get(room, room)
        above.setdefault(here, set()).update(there for t in targets if (there := shared.get(t, t)) != here)
    floors: dict[str, int] = {}

    def find_floor(room: str) -> int:
        if room not in floors:
            floors[room] = 1 + max((find_floor(target) for target in above[room]), default=0)
        return floors[room]

    return max(map(find_floor, above), default=0)


def _describe_cycles(cycles: Sequence[Sequence[str]]) -> str:
    return f"{len(cycles)} ({max(map(len, cycles))})" if cycles else "0"


def _describe_share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} % ({part} of {whole})" if whole else "-"


def _describe_spread(values: Iterable[int], *, with_p99: bool) -> str:
    ordered = sorted(values)
    ranks = [0.9, 0.99] if with_p99 else [0.9]
    cuts = [ordered[min(len(ordered) - 1, int(rank * len(ordered)))] for rank in ranks]
    return "/".join(str(value) for value in [round(statistics.median(ordered)), *cuts, ordered[-1]])


if __name__ == "__main__":
    main()
