"""The reference: what of a solution is loaded."""

from pathlib import Path

import pytest

from grader.examiner.examination import import_solution
from grader.model.errors import BrokenSuite
from grader.tests.support.toy import SOLUTION, open_project


def test_cells_for_the_notebook_only_are_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """They read data that is not here, by a function that only the notebook's set-up defines."""
    demo = 'rows = read_sample("rows.tsv")\n\n\ndef count_rows():\n    return len(rows)\n'
    solution = SOLUTION.replace("print(double(2))\n", demo)
    toy = open_project(monkeypatch, tmp_path, solution=solution)
    reference = import_solution(toy)
    assert (reference.double(4), reference.shout("a")) == (8, "A")
    assert not hasattr(reference, "count_rows")


def test_a_solution_that_raises_is_named_with_its_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Blank lines keep the numbers that the author sees."""
    solution = f"{SOLUTION}\n\n# %%\nLIMIT = missing\n\n\ndef limit():\n    return LIMIT\n"
    toy = open_project(monkeypatch, tmp_path, solution=solution)
    line = solution.split("\n").index("LIMIT = missing") + 1
    with pytest.raises(BrokenSuite, match=rf"toy\.py:{line}: NameError"):
        import_solution(toy)
