"""Generate skeleton modules, notebooks and the students' kit from the solutions.

`solutions/README.md` describes the format of a solution; jupytext reads it.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from grader.authoring.notebook_setup import SETUP_TAG, write_setup
from grader.authoring.requirements import list_notebook_imports
from grader.authoring.solution_notebook import FORMAT, read_solution
from grader.authoring.student_kit import pack_kit
from grader.examiner.forbidden_names import read_given
from grader.model.assignment import Assignment, Todo
from grader.model.errors import BrokenSuite
from grader.model.marks import SENTINEL
from grader.student.kit import OUTLINE, PUBLIC_TESTS

BEGIN, STUB, END = "### BEGIN SOLUTION", "### STUB", "### END SOLUTION"
NOTEBOOK_ONLY = "notebook"
HANDOUTS = ("handout.md", "handout.ko.md")
OUTLINE_HEAD = "# `grader check` reads here what is given in this assignment. There is nothing to fill in.\n"


def release_assignment(assignment: Assignment, output: Path | None, check: bool) -> list[Path]:
    """Write the skeleton, the notebook, the outline and the points in the handouts, and a kit to `output`. Where the
    solution is written as a notebook, its module comes first.

    Gives the paths that were out of step; with `check` nothing is written.
    """
    solution = read_solution(assignment)
    handed_out = render_assignment(assignment, solution)
    texts = {assignment.solution: solution, **handed_out}
    public_tests = assignment.folder / PUBLIC_TESTS
    if public_tests.is_dir():
        texts[public_tests / OUTLINE] = render_outline(solution, assignment.todos)
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if check:
        return [path.relative_to(assignment.root) for path in stale]
    for path in stale:
        path.write_text(texts[path], encoding="utf-8")
    if output is not None:
        stale.append(pack_kit(assignment, handed_out, output))
    return stale


def render_assignment(assignment: Assignment, solution: str) -> dict[Path, str]:
    """Return the generated files that students receive: path -> text."""
    module = assignment.folder / assignment.module
    handouts = [path for path in map(assignment.folder.joinpath, HANDOUTS) if path.exists()]
    return {
        module: render_skeleton(solution),
        module.with_suffix(".ipynb"): render_assignment_notebook(assignment, open_todos=True),
        **{path: write_points(path.read_text(encoding="utf-8"), assignment.todos) for path in handouts},
    }


def write_points(handout: str, todos: Iterable[Todo]) -> str:
    """Return a handout whose tables give each TODO its points: rows that begin with its id and end with a number."""
    for todo in todos:
        row = rf"^(\| *`{re.escape(todo.id)}` *\|.*\| *)[\d.]+( *\| *)$"
        handout = re.sub(row, rf"\g<1>{todo.points:g}\g<2>", handout, flags=re.MULTILINE)
    return handout


def render_outline(solution: str, todos: Iterable[Todo]) -> str:
    """Return what a kit has in place of the solution: the given code, for judging as the grader does.

    It says as well which given names an answer reaches, for each definition with a TODO that forbids names.
    """
    outline = _open_code(solution)
    given, whole = read_given(outline), read_given(solution)
    lines = []
    for name in sorted({place.partition(".")[0] for todo in todos if todo.forbid for place in todo.where}):
        reached = (whole.reach(frozenset({name})) & given.names) - given.reach(frozenset({name}))
        lines += [f"{name} = {', '.join(sorted(reached))}\n"] if reached else []
    return f"{OUTLINE_HEAD}\n{outline}{''.join(lines)}"


def render_skeleton(solution: str) -> str:
    """Return the module that students fill in: code cells only, every solution region replaced by its stub."""
    return _open_code(solution, without=(NOTEBOOK_ONLY, SETUP_TAG))


def _open_code(solution: str, *, without: tuple[str, ...] = (SETUP_TAG,)) -> str:
    """Return the code cells that have none of these tags, every solution region replaced by its stub."""
    cells = [cell for cell in _read_cells(solution) if cell.cell_type == "code"]
    cells = [cell for cell in cells if not {*without} & {*cell.metadata.get("tags", [])}]
    return "\n\n\n".join(open_stubs(cell.source).strip("\n") for cell in cells) + "\n"


def render_assignment_notebook(assignment: Assignment, *, open_todos: bool) -> str:
    """Return an assignment's notebook as JSON text, with open TODOs for students or filled in to be run."""
    solution = assignment.solution.read_text(encoding="utf-8")
    setup = write_setup(assignment, list_notebook_imports(assignment))
    return render_notebook(solution, open_todos=open_todos, setup=setup)


def render_notebook(solution: str, *, open_todos: bool, setup: tuple[str, str] = ("", "")) -> str:
    """Return a notebook as JSON text; `setup` is the text and the code that stand where the solution asks for them."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for index, (kind, given) in enumerate(_list_cells(solution, setup)):
        source = open_stubs(given) if open_todos else _drop_markers(given)
        make: Any = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        identity = hashlib.sha256(f"{index}\0{source}".encode()).hexdigest()[:8]
        notebook.cells.append(make(source, id=identity))
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook, version=4)
    return text + "\n"


def _list_cells(solution: str, setup: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """List the kind and the source of each cell of the notebook."""
    for cell in _read_cells(solution):
        if SETUP_TAG in cell.metadata.get("tags", []):
            yield from zip(("markdown", "code"), setup, strict=True)
        else:
            yield cell.cell_type, cell.source


def open_stubs(source: str) -> str:
    """Return `source` with every solution region replaced by its stub. Raises BrokenSuite if markers do not pair."""
    return "\n".join(_replace_regions(source.split("\n")))


def _replace_regions(lines: list[str]) -> Iterator[str]:
    todo, indent, in_stub, stubs = "", "", False, 0
    for line in lines:
        text = line.strip()
        if text.startswith(BEGIN):
            if todo:
                raise BrokenSuite(f"{line.strip()!r} begins inside the solution of {todo!r}")
            todo, in_stub, stubs = text.removeprefix(BEGIN).strip(), False, 0
            indent = line[: len(line) - len(line.lstrip())]
        elif text == STUB:
            in_stub = True
        elif text == END:
            if not todo:
                raise BrokenSuite("a solution ends that never began")
            if not stubs:
                yield f'{indent}return {SENTINEL}("{todo}")'
            todo = ""
        elif not todo:
            yield line
        elif in_stub:
            stubs += 1
            yield indent + line[len(indent) :].removeprefix("# ").removeprefix("#")
    if todo:
        raise BrokenSuite(f"the solution of {todo!r} never ends")


def _drop_markers(source: str) -> str:
    kept, in_stub = [], False
    for line in source.split("\n"):
        text = line.strip()
        in_stub = (in_stub or text == STUB) and text != END
        if not in_stub and text != END and not text.startswith(BEGIN):
            kept.append(line)
    return "\n".join(kept)


def _read_cells(solution: str) -> list[Any]:
    cells: list[Any] = jupytext.reads(solution, fmt=FORMAT).cells
    return cells
