"""The example assignments in the documentation are complete, and work."""

from pathlib import Path

import pytest

import grader
from grader.authoring.author_mistakes import list_mistakes
from grader.authoring.release import release_assignment
from grader.authoring.suite_check import verify_suite
from grader.model.course import Course

EXAMPLES = Course(Path(grader.__file__).parent / "docs" / "examples")
# Starting torch takes seconds.
EACH = [pytest.param("cnn", marks=pytest.mark.slow), "least_squares"]


def test_every_example_is_tested() -> None:
    """And no other is listed in the README."""
    assert EXAMPLES.list_assignments() == ["cnn", "least_squares"]


@pytest.mark.parametrize("name", EACH)
def test_example_has_no_mistake_and_is_in_step(name: str) -> None:
    """Its generated files are those of its solution."""
    assignment = EXAMPLES.load_assignment(name)
    assert [found.describe(EXAMPLES.root) for found in list_mistakes(assignment)] == []
    assert release_assignment(assignment, None, check=True) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
def test_example_can_be_trusted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right answers keep all points, wrong ones lose their TODO, and each hidden test finds a mistake."""
    monkeypatch.setenv("GRADER_SECRET", "of the examples")  # no file is written into the documentation
    assert verify_suite(EXAMPLES.load_assignment(name)).complaints == []
