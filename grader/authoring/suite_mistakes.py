"""Mistakes in tests: marks, names that the solution does not define, and imports that lead nowhere."""

import ast
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from grader.authoring.imports import list_imports
from grader.model.assignment import Assignment
from grader.model.description_mistakes import suggest
from grader.model.marks import CATEGORIES, GATE, TODO, VISIBILITIES, VISIBILITY, WEIGHT

Found = tuple[Path, int, str]
SUBJECTS = ("student", "reference", "poisoned")
# What a test may ask of `student` besides the names of the solution.
OWN = ("define", "replace")


def find_suite_mistakes(assignment: Assignment, folder: Path, *, is_hidden: bool) -> Iterator[Found]:
    """Give the file, the line and the sentence of each mistake in a folder of tests."""
    known = _list_names(assignment.solution)
    tested: set[str] = set()
    for path in sorted(folder.glob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            yield path, error.lineno or 1, f"this does not parse: {error.msg}"
            return
        yield from ((path, line, sentence) for line, sentence in _check_imports(tree, folder))
        yield from ((path, line, sentence) for line, sentence in _check_names(tree, known, is_hidden=is_hidden))
        for test in _list_tests(tree) if path.name.startswith("test_") else []:
            marks = _read_marks(test)
            yield from (
                (path, line, words) for line, words in _check_marks(assignment, test, marks, is_hidden=is_hidden)
            )
            tested |= {_read_text(mark.args) for mark in marks.get(TODO, [])}
    for todo in assignment.todos:
        if is_hidden and todo.id not in tested:
            yield (
                folder,
                1,
                f"the TODO {todo.id!r} has no hidden test: mark one with @pytest.mark.{TODO}({todo.id!r}, ...)",
            )


def _list_names(solution: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(solution.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        names |= {item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)}
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return names


def _list_tests(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]


def _read_marks(test: ast.FunctionDef) -> dict[str, list[ast.Call]]:
    marks: dict[str, list[ast.Call]] = {}
    for decorator in test.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
        name = ast.unparse(call.func)
        if name.startswith("pytest.mark."):
            marks.setdefault(name.removeprefix("pytest.mark."), []).append(ast.copy_location(call, decorator))
    return marks


def _read_text(args: Sequence[ast.expr]) -> str:
    """Return the one text that a mark has; empty where it has another argument, or several."""
    match args:
        case [ast.Constant(value=str(text))]:
            return text
    return ""


def _check_marks(
    assignment: Assignment, test: ast.FunctionDef, marks: dict[str, list[ast.Call]], *, is_hidden: bool
) -> Iterator[tuple[int, str]]:
    ids = [todo.id for todo in assignment.todos]
    todos = marks.get(TODO, [])
    if not todos:
        yield test.lineno, f"{test.name} names no TODO: mark it with @pytest.mark.{TODO}('<id>', {WEIGHT}=N)"
    if len(todos) > 1:
        yield todos[1].lineno, f"{test.name} names two TODOs: a test judges one"
    for mark in todos[:1]:
        name = _read_text(mark.args)
        if not name:
            yield mark.lineno, f"{test.name}: give its {TODO} mark the id of a TODO"
        elif name not in ids:
            yield mark.lineno, f"assignment.toml has no TODO {name!r}{suggest(name, ids)}"
        if is_hidden and not any(word.arg == WEIGHT for word in mark.keywords):
            yield mark.lineno, f"{test.name}: its {TODO} mark needs {WEIGHT}=N, its share of the TODO's points"
    own = [name for name in marks if name in CATEGORIES]
    known = {*CATEGORIES, TODO, GATE, VISIBILITY, "parametrize", "filterwarnings", "usefixtures", "skipif", "skip"}
    for name in marks.keys() - known:
        yield marks[name][0].lineno, f"{test.name}: there is no mark {name!r}{suggest(name, known)}"
    if not own and not marks.keys() - known:
        yield test.lineno, f"{test.name} has no category: mark it with one of {', '.join(CATEGORIES)}"
    if len(own) > 1:
        yield marks[own[1]][0].lineno, f"{test.name} has two categories, {' and '.join(own)}: keep one"
    for mark in marks.get(VISIBILITY, []):
        if _read_text(mark.args) not in VISIBILITIES:
            yield mark.lineno, f"{test.name}: its {VISIBILITY} is one of {', '.join(VISIBILITIES)}"
    if is_hidden and not ast.get_docstring(test):
        yield test.lineno, f"{test.name} has no docstring: write one sentence, which students may read"


def _check_imports(tree: ast.Module, folder: Path) -> Iterator[tuple[int, str]]:
    neighbours = [path.stem for path in folder.glob("*.py")]
    for line, names in list_imports(tree):
        for name in names:
            root = name.split(".")[0]
            if root in neighbours or root in sys.stdlib_module_names or find_spec(root) is not None:
                continue
            near = suggest(root, [*neighbours, "pytest", "numpy", "torch", "grader"])
            yield line, f"there is no module {root!r}, neither in this folder nor installed{near}"


def _check_names(tree: ast.Module, known: set[str], *, is_hidden: bool) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("student.replace", "poisoned.replace"):
            for word in node.keywords:
                if word.arg and word.arg not in known:
                    near = suggest(word.arg, known)
                    yield word.value.lineno, f"the solution defines no {word.arg!r}, which this replaces{near}"
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        subject, name = node.value.id, node.attr
        if subject not in SUBJECTS or name in known or (name in OWN and subject != "reference"):
            continue
        yield node.lineno, f"the solution defines no {name!r}, which this asks of `{subject}`{suggest(name, known)}"
    for test in () if is_hidden else _list_tests(tree):
        if "reference" in [argument.arg for argument in test.args.args]:
            yield (
                test.lineno,
                f"{test.name} asks for `reference`, which students do not have: compare with small values",
            )
