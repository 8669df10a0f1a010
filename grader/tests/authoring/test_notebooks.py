"""The notebooks run from top to bottom in a released kit, as a student runs them, without a network.

A kernel for each of them takes minutes in all: `make test-slow` runs these, `make test` does not. With `-s`, each
says how long it took.
"""

import resource
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbconvert.preprocessors import CellExecutionError, ExecutePreprocessor
from nbformat import NotebookNode

from grader.authoring.release import render_assignment, render_assignment_notebook
from grader.authoring.student_kit import pack_kit
from grader.tests.support.course import COURSE, load_assignment

CELL_SECONDS = 1200
# Python imports this before anything else: the kernel's own sockets are not Python's.
OFFLINE = """\
import socket


class Offline(socket.socket):
    def connect(self, address):
        if self.family != socket.AF_UNIX:
            raise OSError(f"there is no network here: {address}")
        return super().connect(address)

    connect_ex = connect


socket.socket = Offline
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(6 * CELL_SECONDS)]


@pytest.fixture
def run_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bool], NotebookNode]:
    """Run an assignment's notebook in its kit, in an empty folder and without a network."""
    # Whatever is set here, a kit brings its models.
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "offline").mkdir()
    (tmp_path / "offline" / "sitecustomize.py").write_text(OFFLINE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "offline"))

    def run(name: str, open_todos: bool) -> NotebookNode:
        assignment = load_assignment(name)
        solution = assignment.solution.read_text(encoding="utf-8")
        kit = pack_kit(assignment, render_assignment(assignment, solution), tmp_path)
        path = (kit / assignment.module).with_suffix(".ipynb")
        if not open_todos:
            path.write_text(render_assignment_notebook(assignment, open_todos=False), encoding="utf-8")
        notebook = nbformat.read(path, as_version=4)
        runner = ExecutePreprocessor(timeout=CELL_SECONDS, startup_timeout=CELL_SECONDS, kernel_name="python3")
        began, used = time.perf_counter(), _measure_cpu()
        runner.preprocess(notebook, {"metadata": {"path": str(kit)}})
        print(f"\n{name}: {time.perf_counter() - began:.0f} s, {_measure_cpu() - used:.0f} s of CPU")
        return notebook

    return run


def _measure_cpu() -> float:
    """Return the CPU seconds of kernels that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_the_kernel_has_no_network(run_notebook: Callable[[str, bool], NotebookNode], tmp_path: Path) -> None:
    """Otherwise the tests below would say nothing of a notebook that downloads."""
    cell = nbformat.v4.new_code_cell("import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    with pytest.raises(CellExecutionError, match="there is no network here"):
        ExecutePreprocessor(timeout=CELL_SECONDS, kernel_name="python3").preprocess(
            notebook, {"metadata": {"path": str(tmp_path)}}
        )


@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_a_filled_notebook_runs_to_its_end(name: str, run_notebook: Callable[[str, bool], NotebookNode]) -> None:
    """No cell raises, and where there is something to see a plot comes out."""
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
