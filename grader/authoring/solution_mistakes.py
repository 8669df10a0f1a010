"""Mistakes in a solution: its regions, its imports, and what the grader needs in it."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from grader.authoring.imports import list_imports
from grader.authoring.release import BEGIN, END, STUB
from grader.intake import read_submission
from grader.model.assignment import Assignment
from grader.model.description_mistakes import suggest
from grader.model.marks import SENTINEL

Found = tuple[int, str]
_MARKER = re.compile(r"^\s*#+ *(BEGIN|END) *SOLUTION\b|^\s*#+ *STUB\b")


def find_solution_mistakes(assignment: Assignment) -> Iterator[Found]:
    """Give the line and the sentence of each mistake in a solution."""
    text = assignment.solution.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield error.lineno or 1, f"the solution does not parse: {error.msg}"
        return
    yield from _check_regions(assignment, text.splitlines())
    yield from _check_imports(assignment, tree)
    yield from _check_uses(assignment, tree)
    if not any(isinstance(node, ast.FunctionDef) and node.name == SENTINEL for node in tree.body):
        yield 1, f"the solution lacks the function {SENTINEL}, which open TODOs call: copy it from another assignment"


def _check_regions(assignment: Assignment, lines: list[str]) -> Iterator[Found]:
    ids = [todo.id for todo in assignment.todos]
    seen: set[str] = set()
    todo, begun, has_stub = "", 0, False
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text.startswith(BEGIN):
            if todo:
                yield (
                    number,
                    f"{text!r} begins inside the solution of {todo!r}, which began on line {begun}: add {END!r}",
                )
            todo, begun, has_stub = text.removeprefix(BEGIN).strip(), number, False
            seen.add(todo)
            if todo not in ids:
                yield number, f"assignment.toml has no TODO {todo!r}{suggest(todo, ids)}"
        elif text == STUB and todo:
            has_stub = True
        elif text == END:
            if not todo:
                yield number, f"{END!r} without a {BEGIN!r} before it"
            todo = ""
        elif has_stub and todo and text and not text.startswith("#"):
            yield number, f"a line of the stub of {todo!r} is no comment: begin it with `# `"
        elif _MARKER.match(line):
            yield number, f"{text!r} is no marker: write {BEGIN!r} with the TODO, {STUB!r} or {END!r}"
    if todo:
        yield begun, f"the solution of {todo!r} never ends: add {END!r}"
    for missing in ids:
        if missing not in seen:
            yield 1, f"no region {BEGIN + ' ' + missing!r}: students would find nothing to fill in"


def _check_uses(assignment: Assignment, tree: ast.Module) -> Iterator[Found]:
    """Complain of names that nothing defines, such as the former name of a function."""
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    missing = read_submission(assignment.solution, module=assignment.module, defines=assignment.defines).missing
    for name in missing.keys() - assignment.defines:
        lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
        yield min(lines, default=1), f"nothing defines {name!r}, which this uses{suggest(name, defined)}"


def _check_imports(assignment: Assignment, tree: ast.Module) -> Iterator[Found]:
    for line, names in list_imports(tree):
        for name in names:
            root = name.split(".")[0]
            if root in sys.stdlib_module_names:
                continue
            if find_spec(root) is None:
                yield line, f"the package {root!r} is not installed here: install it, and add it to requirements"
            elif root == "torch" and not assignment.uses_torch:
                yield (
                    line,
                    'the solution imports torch, which `imports` in assignment.toml does not name: add "torch"',
                )
