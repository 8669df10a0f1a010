"""`grader new`: what it writes works as it is."""

import sys
from pathlib import Path

import pytest

from grader.authoring.new_course import KINDS, TEMPLATES, create_assignment, create_course
from grader.authoring.release import release_assignment
from grader.authoring.suite_check import verify_suite
from grader.cli.author import TemplateChoice
from grader.grading.job import Job
from grader.grading.worker import Worker
from grader.intake import read_submission
from grader.model.course import Course
from grader.model.errors import UsageError
from grader.student.findings import PublicFinding
from grader.student.kit import open_kit
from grader.student.public_tests import TimeLimits, run_public_tests

# Starting torch takes seconds.
EACH = [kind if kind == "python" else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A new course."""
    create_course(tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.mark.parametrize("kind", EACH)
def test_new_assignment_is_clean_at_once(course: Course, kind: str) -> None:
    """Its hidden suite can be trusted, and its generated files are in step."""
    create_assignment(course, "a1_first", kind)
    assignment = course.load_assignment("a1_first")
    assert verify_suite(assignment).complaints == []
    assert release_assignment(assignment, None, check=True) == []


@pytest.mark.parametrize("kind", EACH)
def test_solution_of_a_new_assignment_passes_its_public_tests(
    course: Course, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, as a student runs them."""
    monkeypatch.delitem(sys.modules, "tests_public.test_public", raising=False)  # of the template before
    create_assignment(course, "a1_first", kind)
    assignment = course.load_assignment("a1_first")
    kit = open_kit(assignment.folder)
    found: list[object] = []
    solution = read_submission(assignment.solution, module=assignment.module, defines=assignment.defines)
    run_public_tests(solution, kit, found.append, limits=TimeLimits(60, 60), stack=tmp_path / "stack")
    outcomes = [finding.outcome.verdict for finding in found if isinstance(finding, PublicFinding)]
    assert len(outcomes) >= 2
    assert set(outcomes) == {"passed"}


def test_solution_of_a_new_assignment_is_graded_in_the_jail(course: Course) -> None:
    """numpy is imported there before the fork."""
    create_assignment(course, "a1_first", "numpy")
    assignment = course.load_assignment("a1_first")
    with Worker(assignment) as worker:
        assert worker.grade(Job(assignment.solution)).score == 100


def test_every_template_can_be_chosen() -> None:
    """The command offers what there is, and nothing else."""
    assert {choice.value for choice in TemplateChoice} == set(KINDS)
    assert {path.name for path in TEMPLATES.iterdir()} == {*KINDS, "course"}


@pytest.mark.parametrize("name", ["A1", "a-1", "", "../a", "a b"])
def test_name_that_cannot_be_one_is_refused(course: Course, name: str) -> None:
    """It becomes a folder, and a part of commands."""
    with pytest.raises(UsageError, match="cannot be an assignment's name"):
        create_assignment(course, name, "python")


def test_nothing_is_overwritten(course: Course, tmp_path: Path) -> None:
    """Neither an assignment nor a course nor a folder of something else."""
    create_assignment(course, "a1_first", "python")
    with pytest.raises(UsageError, match="is there already"):
        create_assignment(course, "a1_first", "text")
    with pytest.raises(UsageError, match="is a course already"):
        create_course(course.root)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is not empty"):
        create_course(tmp_path)
