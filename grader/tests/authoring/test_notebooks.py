"""The solution notebooks run from top to bottom, as a student runs them who has filled in every TODO.

A kernel for each of them takes minutes in all: `make test-slow` runs these, `make test` does not.
"""

from pathlib import Path

import nbformat
import pytest
from nbconvert.preprocessors import ExecutePreprocessor

from grader.authoring.release import render_assignment_notebook
from grader.authoring.student_kit import copy_data
from grader.tests.support.course import COURSE, load_assignment

CELL_SECONDS = 1200

pytestmark = [pytest.mark.slow, pytest.mark.timeout(6 * CELL_SECONDS)]


@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_a_filled_notebook_runs_to_its_end(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cell raises, without a network, and where there is something to see a plot comes out."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    assignment = load_assignment(name)
    copy_data(assignment, tmp_path)
    notebook = nbformat.reads(render_assignment_notebook(assignment, open_todos=False), as_version=4)
    runner = ExecutePreprocessor(timeout=CELL_SECONDS, startup_timeout=CELL_SECONDS, kernel_name="python3")
    runner.preprocess(notebook, {"metadata": {"path": str(tmp_path)}})
    plots = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert len(plots) >= assignment.solution.read_text(encoding="utf-8").count("plt.show()")
