"""`grader check` and the grader give the same verdict on the same public test.

The public tests are graded as if they were hidden ones, with the submission in a process of its own, and run as a
student runs them.
"""

import multiprocessing
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.authoring.corpus import build_source, load_expectations
from grader.authoring.graded_answers import AnswerGrader
from grader.authoring.new_course import KINDS, create_assignment, create_course
from grader.authoring.release import render_skeleton
from grader.grading.worker import Worker
from grader.model.assignment import Assignment
from grader.model.course import Course
from grader.model.verdict import Verdict
from grader.student import check
from grader.student.kit import Kit, open_kit
from grader.tests.support.course import COURSE, load_assignment

Verdicts = Mapping[tuple[str, str], Verdict]
UNTESTED = '''

@pytest.mark.todo({todo!r}, weight=1)
@pytest.mark.behaviour
def test_nothing_of_{number}(student):
    """Nothing is asked of this TODO."""
'''


@pytest.fixture(autouse=True)
def _fork_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    # A student's check starts a process; here all share one with torch and what the first optimizer imports.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch._dynamo", "grader.student.public_tests"])
    monkeypatch.setattr(check, "CONTEXT", context)


def publish(assignment: Assignment, folder: Path) -> Assignment:
    """Return the assignment with its public tests in the place of the hidden ones."""
    hidden = folder / "tests_hidden" / assignment.name
    hidden.mkdir(parents=True)
    for kind, place in (("assignments", assignment.folder), ("solutions", assignment.solution.parent)):
        (folder / kind).mkdir()
        (folder / kind / assignment.name).symlink_to(place)
    if (assignment.root / "datasets").is_dir():
        (folder / "datasets").symlink_to(assignment.root / "datasets")
    tests = (assignment.folder / "tests_public" / "test_public.py").read_text(encoding="utf-8")
    weighted = re.sub(r'(pytest\.mark\.todo\("[^"]+")\)', r"\1, weight=1)", tests)
    untested = [todo.id for todo in assignment.todos if f'todo("{todo.id}"' not in tests]
    extra = [UNTESTED.format(todo=todo, number=number) for number, todo in enumerate(untested)]
    (hidden / "test_public.py").write_text(weighted + "".join(extra), encoding="utf-8")
    (folder / ".grader").mkdir()
    (folder / ".grader" / "secret").touch()  # the inputs of a student's own check are no secret either
    return Assignment(name=assignment.name, description=assignment.description, root=folder)


def check_answer(source: Path, kit: Kit) -> Verdicts:
    """Return the verdicts of a student's check."""
    return {(one.todo, one.name): one.outcome.verdict for one in check.check_submission(source, kit).findings}


def list_differences(assignment: Assignment, folder: Path) -> list[str]:
    """Grade and check the solution, the skeleton and the corpus. Return where the verdicts differ."""
    solution = assignment.solution.read_text(encoding="utf-8")
    expectations = load_expectations(assignment)
    sources = {name: build_source(assignment, name, expectation) for name, expectation in expectations.items()}
    kit = open_kit(assignment.folder)
    differences = []
    # Without a wall: some public tests write files that the submission reads.
    with (
        Worker(publish(assignment, folder / "course"), isolation="none") as worker,
        warnings.catch_warnings(action="ignore"),
    ):
        grader = AnswerGrader(worker, folder)
        for name, source in {"solution": solution, "skeleton": render_skeleton(solution), **sources}.items():
            graded = {
                (test.todo, test.name): test.status
                for test in grader.grade(name, source).tests
                if "test_nothing_of" not in test.id
            }
            checked = check_answer(folder / name / assignment.module, kit)
            assert checked.keys() == graded.keys()
            for test, verdict in graded.items():
                if verdict is not checked[test]:
                    differences.append(f"{name}: {test}: graded {verdict}, checked {checked[test]}")
    return differences


@pytest.mark.parametrize(
    "kind", [kind if kind == "python" else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_verdicts_on_a_template_are_the_same(kind: str, tmp_path: Path) -> None:
    """On the solution, the skeleton, and every answer of its corpus."""
    create_course(tmp_path / "template")
    course = Course(tmp_path / "template")
    create_assignment(course, "a1_first", kind)
    assert list_differences(course.load_assignment("a1_first"), tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_verdicts_on_a_whole_corpus_are_the_same(name: str, tmp_path: Path) -> None:
    """On every right and wrong answer that the course knows."""
    assert list_differences(load_assignment(name), tmp_path) == []
