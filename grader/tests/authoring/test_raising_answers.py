"""A TODO that raises: it costs no other TODO a point, or verification says so."""

from pathlib import Path

import pytest

from grader.authoring.raising_answers import LINES, find_costly_answers, write_raising_answers
from grader.grading.job import Job
from grader.grading.worker import Worker
from grader.intake import read_submission
from grader.model.report import GradeReport
from grader.model.verdict import Outcome, Verdict
from grader.tests.support.toy import open_project

TOML = """
title = "Toy"
module = "toy.py"
imports = []

[[todo]]
id = "double"
title = "Double a number"
points = 60
where = ["compute"]
fill = "number"

[[todo]]
id = "triple"
title = "Triple a number"
points = 40
where = ["compute"]
fill = "number"
"""
SOLUTION = '''def FIXME(todo: str):
    """Stand where your code goes."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


def compute(number: int) -> tuple[int, int]:
    """Return the number twice and three times."""
    # TODO double: twice the number
    ### BEGIN SOLUTION double
    twice = 2 * number
    ### STUB
    # twice = FIXME("double")
    ### END SOLUTION
    # TODO triple: three times the number
    ### BEGIN SOLUTION triple
    thrice = 3 * number
    ### STUB
    # thrice = FIXME("triple")
    ### END SOLUTION
    return twice, thrice
'''
TESTS = '''
import pytest


@pytest.mark.todo("double", weight=60)
@pytest.mark.behaviour
def test_double(student):
    """A number is doubled."""
    assert student.compute(3)[0] == 6, "not doubled"


@pytest.mark.todo("triple", weight=40)
@pytest.mark.behaviour
def test_triple(student):
    """A number is tripled."""
    assert student.compute(3)[1] == 9, "not tripled"
'''


def find_complaints(monkeypatch: pytest.MonkeyPatch, folder: Path, toml: str) -> list[str]:
    """Return the complaints of verification about the toy with two TODOs in one function."""
    assignment = open_project(monkeypatch, folder, toml=toml, solution=SOLUTION, tests=TESTS)
    with Worker(assignment, isolation="none", prewarm=False) as worker:

        def grade(name: str, source: str, todos: frozenset[str]) -> GradeReport:
            path = folder / f"{name}.py"
            path.write_text(source, encoding="utf-8")
            submission = read_submission(path, module="toy.py", defines=assignment.defines)
            others = [test for test in worker.suite.tests if test.todo not in todos]
            kept = tuple(test.report(Outcome(Verdict.PASSED)) for test in others)
            return worker.grade(Job(path, submission=submission, kept=kept), in_process=True)

        return list(find_costly_answers(assignment, grade))


def test_a_todo_that_raises_costs_no_neighbour(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Its lines are filled as if they were open."""
    assert find_complaints(monkeypatch, tmp_path, TOML) == []


def test_verification_names_what_a_raising_todo_costs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Without a fill nothing can stand in its place."""
    complaints = find_complaints(monkeypatch, tmp_path, TOML.replace('fill = "number"\n', ""))
    assert len(complaints) == 2 * len(LINES)
    assert complaints[0].startswith(
        "double raises (raise), and triple keeps 0: test_toy.py::test_triple raised: ValueEr"
    )


def test_the_lines_of_one_todo_are_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """At their own indent; all else stays as it is."""
    assignment = open_project(monkeypatch, tmp_path, toml=TOML, solution=SOLUTION, tests=TESTS)
    answers = list(write_raising_answers(assignment))
    assert [(answer.todo, answer.kind) for answer in answers] == [
        (todo, kind) for todo in ("double", "triple") for kind in LINES
    ]
    begin, end = SOLUTION.index("    ### BEGIN SOLUTION double"), SOLUTION.index("    # TODO triple")
    assert answers[1].source == f"{SOLUTION[:begin]}    1 / 0\n{SOLUTION[end:]}"
