"""Find an author's mistakes before anything runs, and say each in a sentence with file and line.

`grader verify` asks this first. assignment.toml itself is checked where it is read (`model.description_mistakes`).
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.authoring.corpus_mistakes import find_corpus_mistakes
from grader.authoring.solution_mistakes import find_solution_mistakes
from grader.authoring.solution_notebook import find_notebook, is_in_step
from grader.authoring.suite_mistakes import find_suite_mistakes
from grader.examiner.canonical import names_something
from grader.model.assignment import Assignment
from grader.model.description_mistakes import suggest
from grader.student.kit import PUBLIC_TESTS

HANDOUT = "handout.md"


@dataclass(frozen=True)
class AuthorMistake:
    """A mistake: the file, the line, and the sentence."""

    path: Path
    line: int
    sentence: str

    def describe(self, root: Path) -> str:
        """Return the whole sentence, with the path within the course."""
        return f"{self.path.relative_to(root)}:{self.line}: {self.sentence}"


def list_mistakes(assignment: Assignment) -> list[AuthorMistake]:
    """Return the mistakes of an assignment by file and line."""
    return sorted(_find_mistakes(assignment), key=lambda finding: (str(finding.path), finding.line))


def _find_mistakes(assignment: Assignment) -> Iterator[AuthorMistake]:
    # Of the solution first: whatever stands on it would only repeat its mistakes.
    notebook = find_notebook(assignment)
    if notebook and not is_in_step(notebook, assignment.solution):
        sentence = (
            f"{assignment.module} is not what this notebook says: run `grader release -a {assignment.name}` "
            "(or remove the notebook, to go on with the module)"
        )
        yield AuthorMistake(notebook, 1, sentence)
        return
    if not assignment.solution.is_file():
        sentence = f"there is no solution {str(assignment.solution.relative_to(assignment.root))!r}, as `module` says"
        yield AuthorMistake(assignment.description_file, _find_text(assignment, "module"), sentence)
        return
    solution = [AuthorMistake(assignment.solution, *found) for found in find_solution_mistakes(assignment)]
    yield from solution
    try:
        names = {node.name: node for node in _read_definitions(assignment.solution)}
    except SyntaxError:
        return  # as `find_solution_mistakes` says
    yield from _check_places(assignment, names)
    yield from _check_fills(assignment)
    yield from _check_handouts(assignment)
    for folder, is_hidden in ((assignment.hidden_tests, True), (assignment.folder / PUBLIC_TESTS, False)):
        for path, line, sentence in find_suite_mistakes(assignment, folder, is_hidden=is_hidden):
            yield AuthorMistake(path, line, sentence)
    for path, line, sentence in find_corpus_mistakes(assignment):
        yield AuthorMistake(path, line, sentence)


def _check_places(assignment: Assignment, names: dict[str, ast.FunctionDef | ast.ClassDef]) -> Iterator[AuthorMistake]:
    for todo in assignment.todos:
        for place in todo.where:
            owner, _, method = place.partition(".")
            node = names.get(owner)
            inner = [item.name for item in getattr(node, "body", []) if isinstance(item, ast.FunctionDef)]
            if node is None:
                sentence = f"the solution defines no {owner!r}, where the TODO {todo.id!r} is{suggest(owner, names)}"
            elif method and method not in inner:
                sentence = f"{owner!r} has no {method!r}, where the TODO {todo.id!r} is{suggest(method, inner)}"
            else:
                continue
            yield AuthorMistake(assignment.description_file, _find_text(assignment, "where", after=todo.id), sentence)


def _check_fills(assignment: Assignment) -> Iterator[AuthorMistake]:
    for todo in assignment.todos:
        if todo.fill and not _is_expression(todo.fill):
            line = _find_text(assignment, "fill", after=todo.id)
            yield AuthorMistake(
                assignment.description_file, line, f"`fill` of {todo.id!r} is no expression: {todo.fill!r}"
            )
        for name in todo.forbid:
            if not names_something(name):
                root, line = name.split(".")[0], _find_text(assignment, name)
                near = suggest(root, assignment.description.imports)
                sentence = f"`forbid` of {todo.id!r} names nothing that is installed here: {name!r}{near}"
                yield AuthorMistake(assignment.description_file, line, sentence)


def _check_handouts(assignment: Assignment) -> Iterator[AuthorMistake]:
    if not (assignment.folder / HANDOUT).is_file():
        yield AuthorMistake(assignment.folder / HANDOUT, 1, "there is no handout: write what students are to do")
    if not list((assignment.folder / PUBLIC_TESTS).glob("test_*.py")):
        folder = assignment.folder / PUBLIC_TESTS
        yield AuthorMistake(folder, 1, "there are no public tests: students check their work with them (test_*.py)")


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def _read_definitions(path: Path) -> list[ast.FunctionDef | ast.ClassDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def _find_text(assignment: Assignment, text: str, *, after: str = "") -> int:
    lines = assignment.description_file.read_text(encoding="utf-8").splitlines()
    start = next((place for place, line in enumerate(lines) if f'"{after}"' in line), 0) if after else 0
    return next((place + 1 for place, line in enumerate(lines) if place >= start and text in line), start + 1)
