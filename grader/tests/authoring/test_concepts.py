"""The table of concepts in assignments/README.md: every cell that it names is in the notebook."""

import re

import nbformat
import pytest

from grader.tests.support.course import COURSE

_ROW = re.compile(r"^\| ([^|]+) \| (a\d) \| (`[^|]+`) \|$", re.MULTILINE)
ROWS = _ROW.findall((COURSE.assignments / "README.md").read_text(encoding="utf-8"))


def test_the_table_covers_every_assignment() -> None:
    """An assignment without a concept would be one that the table has forgotten."""
    assert {assignment for _, assignment, _ in ROWS} == {name.split("_")[0] for name in COURSE.list_assignments()}


@pytest.mark.parametrize(("concept", "assignment", "cells"), ROWS)
def test_a_concept_is_in_the_cell_that_the_table_names(concept: str, assignment: str, cells: str) -> None:
    """Each text in backticks stands in a cell of the students' notebook."""
    (path,) = COURSE.assignments.glob(f"{assignment}_*/*.ipynb")
    sources = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    for text in re.findall(r"`([^`]+)`", cells):
        assert any(text in source for source in sources), f"{concept}: {text!r} is in no cell of {path.name}"
