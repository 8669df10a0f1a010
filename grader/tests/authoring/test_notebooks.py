"""The solution notebooks run from top to bottom, as a student runs them who has filled in every TODO.

A kernel for each of them takes minutes in all: `make test-slow` runs these, `make test` does not.
"""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbconvert.preprocessors import CellExecutionError, ExecutePreprocessor
from nbformat import NotebookNode

from grader.authoring.release import render_assignment_notebook
from grader.authoring.student_kit import copy_data
from grader.tests.support.course import COURSE, load_assignment

CELL_SECONDS = 1200

pytestmark = [pytest.mark.slow, pytest.mark.timeout(6 * CELL_SECONDS)]


@pytest.fixture
def run_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bool], NotebookNode]:
    """Run an assignment's notebook in a folder of its own, with the data of its kit and nothing else."""
    # Whatever is set here, a kit brings its models.
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))

    def run(name: str, open_todos: bool) -> NotebookNode:
        assignment = load_assignment(name)
        copy_data(assignment, tmp_path)
        notebook = nbformat.reads(render_assignment_notebook(assignment, open_todos=open_todos), as_version=4)
        runner = ExecutePreprocessor(timeout=CELL_SECONDS, startup_timeout=CELL_SECONDS, kernel_name="python3")
        runner.preprocess(notebook, {"metadata": {"path": str(tmp_path)}})
        return notebook

    return run


@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_a_filled_notebook_runs_to_its_end(name: str, run_notebook: Callable[[str, bool], NotebookNode]) -> None:
    """No cell raises, without a network, and where there is something to see a plot comes out."""
    notebook = run_notebook(name, False)
    plots = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert len(plots) >= load_assignment(name).solution.read_text(encoding="utf-8").count("plt.show()")


@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_a_skeleton_notebook_stops_at_an_open_todo(
    name: str, run_notebook: Callable[[str, bool], NotebookNode]
) -> None:
    """The cell that uses it says its name, and no cell before that raises."""
    with pytest.raises(CellExecutionError, match=r"NotImplementedError.*: TODO [\w.]+ is not filled in"):
        run_notebook(name, True)
