"""Solutions that are written as notebooks: regions and roles survive both ways."""

from pathlib import Path

import nbformat
import pytest

from grader.authoring.author_mistakes import list_mistakes
from grader.authoring.new_course import TEMPLATES, create_assignment, create_course
from grader.authoring.release import release_assignment, render_skeleton
from grader.authoring.solution_notebook import read_notebook, write_notebook
from grader.model.course import Course
from grader.model.errors import BrokenSuite
from grader.tests.support.course import COURSE, load_assignment
from grader.tests.support.toy import SOLUTION, open_project


def write_and_read(solution: str, folder: Path) -> str:
    """Turn a solution into a notebook that has been opened, run and saved by Jupyter, and back."""
    notebook = nbformat.reads(write_notebook(solution), as_version=4)
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11", "nbconvert_exporter": "python"}
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.execution_count = number + 1
            cell.outputs = [nbformat.v4.new_output("stream", text="### BEGIN SOLUTION in an output\n")]
            cell.metadata["jupyter"] = {"source_hidden": True}
    path = folder / "solution.ipynb"
    nbformat.write(notebook, path)
    return read_notebook(path)


@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_solution_is_the_same_after_both_ways(name: str, tmp_path: Path) -> None:
    """Byte for byte: text cells, code, regions, stubs, and cells for the notebook only."""
    solution = load_assignment(name).solution.read_text(encoding="utf-8")
    assert write_and_read(solution, tmp_path) == solution


def test_cells_of_a_notebook_have_their_roles(tmp_path: Path) -> None:
    """Each cell of the module is one of the notebook, and a tag says what is not for the module."""
    solution = load_assignment("a4_attention").solution.read_text(encoding="utf-8")
    cells = nbformat.reads(write_notebook(solution), as_version=4).cells
    assert len(cells) == solution.count("\n# %%") + 1
    assert [cell for cell in cells if cell.metadata.get("tags") == ["notebook"]]
    assert sum(cell.source.count("### BEGIN SOLUTION") for cell in cells) == solution.count("### BEGIN SOLUTION") > 0


def test_notebook_written_by_hand_gives_the_same_skeleton(tmp_path: Path) -> None:
    """Without what jupytext notes on the cells of a module that it has read: only empty lines may differ."""
    solution = load_assignment("a4_attention").solution.read_text(encoding="utf-8")
    notebook = nbformat.reads(write_notebook(solution), as_version=4)
    for cell in notebook.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}
    nbformat.write(notebook, tmp_path / "attention.ipynb")
    assert render_skeleton(read_notebook(tmp_path / "attention.ipynb")) == render_skeleton(solution)


def test_release_writes_the_module_of_a_notebook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Beside it; nothing is written with --check, and a kit holds neither."""
    handed_out: list[Path] = []
    monkeypatch.setattr(
        "grader.authoring.release.pack_kit", lambda _, paths, output: handed_out.extend(paths) or output
    )
    toy = open_project(monkeypatch, tmp_path)
    toy.solution.with_suffix(".ipynb").write_text(write_notebook(SOLUTION.replace("number + number", "2 * number")))
    assert Path("solutions/toy/toy.py") in release_assignment(toy, None, check=True)
    assert "number + number" in toy.solution.read_text()
    release_assignment(toy, tmp_path / "kit", check=False)
    assert "2 * number" in toy.solution.read_text()
    assert release_assignment(toy, None, check=False) == []
    assert handed_out == [toy.folder / "toy.py", toy.folder / "toy.ipynb"]
    assert not [path for path in handed_out if "2 * number" in path.read_text()]


def test_module_that_is_not_what_the_notebook_says_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One of the two was changed: it is said before anything is graded."""
    toy = open_project(monkeypatch, tmp_path)
    notebook = toy.solution.with_suffix(".ipynb")
    notebook.write_text(write_notebook(SOLUTION.replace("number + number", "2 * number")))
    (mistake,) = list_mistakes(toy)
    assert mistake.describe(toy.root).startswith("solutions/toy/toy.ipynb:1: toy.py is not what this notebook says")


def test_notebook_that_is_none_is_refused(tmp_path: Path) -> None:
    """With its path."""
    path = tmp_path / "toy.ipynb"
    path.write_text('{"cells": 3}')
    with pytest.raises(BrokenSuite, match=r"toy.ipynb: this is no notebook"):
        read_notebook(path)


def test_new_assignment_can_be_a_notebook(tmp_path: Path) -> None:
    """Its module is that of the template."""
    create_course(tmp_path / "course")
    course = Course(tmp_path / "course")
    written = create_assignment(course, "a1_first", "python", as_notebook=True)
    assignment = course.load_assignment("a1_first")
    assert assignment.solution.with_suffix(".ipynb") in written
    assert list_mistakes(assignment) == []
    template = TEMPLATES / "python" / "solutions" / "example" / assignment.module
    assert assignment.solution.read_text(encoding="utf-8") == template.read_text(encoding="utf-8")
    assert release_assignment(assignment, None, check=True) == []
