"""A solution that its author writes as a notebook.

`solutions/<a>/<module>.ipynb`, where there is one, is the source, and `grader release` writes the module beside it in
py:percent format, which everything else reads. Regions are comments in cells, and roles are the cells' tags, so both
are the same in either form. Outputs stay in the notebook.
"""

import json
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from grader.model.assignment import Assignment
from grader.model.errors import BrokenSuite

FORMAT = "py:percent"
# Neither the kernel nor how cells look belongs to a solution; tags say what is for the notebook only.
FILTERS = {"notebook_metadata_filter": "-all", "cell_metadata_filter": "tags,-all"}


def find_notebook(assignment: Assignment) -> Path | None:
    """Return the notebook that the solution is written in; None where it is written as a module."""
    path = assignment.solution.with_suffix(".ipynb")
    return path if path.is_file() else None


def read_solution(assignment: Assignment) -> str:
    """Return the solution as its author wrote it, as a module. Raises BrokenSuite for a notebook that is none."""
    path = find_notebook(assignment)
    return assignment.solution.read_text(encoding="utf-8") if path is None else read_notebook(path)


def read_notebook(path: Path) -> str:
    """Return the cells of a notebook as a module in py:percent format. Raises BrokenSuite where it is no notebook."""
    try:
        text = path.read_text(encoding="utf-8")
        nbformat.validate(json.loads(text))
    except (ValueError, nbformat.ValidationError) as error:
        raise BrokenSuite(f"{path}: this is no notebook: {str(error).splitlines()[0]}") from error
    notebook: Any = nbformat.reads(text, as_version=4)
    notebook.metadata["jupytext"] = FILTERS
    module: str = jupytext.writes(notebook, fmt=FORMAT)
    return module


def is_in_step(notebook: Path, module: Path) -> bool:
    """Tell whether a module is what its notebook says. Raises BrokenSuite where that is no notebook."""
    return module.is_file() and module.read_text(encoding="utf-8") == read_notebook(notebook)


def write_notebook(solution: str) -> str:
    """Return a solution in py:percent format as a notebook."""
    notebook: Any = jupytext.reads(solution, fmt=FORMAT)
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook, version=4)
    return text + "\n"
