"""A hidden suite: how it is collected, and what an outcome means."""

import subprocess
import sys
from pathlib import Path

import pytest

from grader.examiner.suite import Suite
from grader.intake import read_submission
from grader.model.digests import digest_suite
from grader.model.errors import BrokenSuite
from grader.model.report import CheckResult
from grader.model.verdict import SubmissionError, Verdict
from grader.sandbox.in_process import InProcessChannel
from grader.tests.support.toy import SOLUTION, TESTS, TOML, open_project, write_project

EXTRA = '''
import pytest


@pytest.mark.todo("double", weight=60)
@pytest.mark.behaviour
def test_double(student, reference):
    """A number is doubled."""
    {}


@pytest.mark.todo("shout", weight=40)
@pytest.mark.behaviour
def test_shout(student):
    """A word is shouted."""
    student.shout("a")
'''

EXTRA_SHOUT = '''

@pytest.mark.todo("shout", weight=0)
@pytest.mark.shape
def test_shout_again(student):
    """A word is shouted again."""
    student.shout("a")
'''

EXTRA_SHOUT_TWICE = EXTRA_SHOUT.replace("weight=0", "weight=10").replace("test_shout_again", "test_shout_twice")
STRAY = '''

@pytest.mark.todo("whisper", weight=5)
@pytest.mark.shape
def test_whisper(student):
    """A word is whispered."""
'''


ZERO = '''
import pytest


@pytest.mark.todo("double", weight=0)
@pytest.mark.shape
def test_zero(student):
    """Nothing stays nothing."""
    assert student.double(0) == 0, "twice nothing is nothing"
'''


@pytest.fixture
def make_suite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Collects the toy's suite, with other texts where given."""

    def make(**texts: str) -> Suite:
        return Suite(open_project(monkeypatch, tmp_path, **texts), b"secret")

    return make


def run_suite(suite: Suite, source: str) -> dict[str, CheckResult]:
    """Judge a submission's text in this process; the results by TODO."""
    path = suite.assignment.folder / "handed_in.py"
    path.write_text(source, encoding="utf-8")
    submission = read_submission(path, module="toy.py", defines=suite.assignment.defines)
    channel = InProcessChannel()
    try:
        return {result.todo: result for result in suite.run(suite.open_session(submission, channel))}
    finally:
        channel.close()


def test_marks_become_a_description(make_suite):
    """TODO, points, category, visibility, and the docstring as one line."""
    double, shout = make_suite().tests
    assert (double.id, double.todo, double.points) == ("test_toy.py::test_double", "double", 60.0)
    assert (double.category, double.visibility, double.name) == ("parity", "after_due", "A number is doubled.")
    assert (shout.category, shout.visibility, shout.name) == ("behaviour", "visible", "A word is shouted.")


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("weight=60", "weight=0", "TODO 'double' has no hidden test here with a weight above 0"),
        ("weight=60", "points=60", r"test_toy.py:5: test_double: `points` in a todo mark is now called `weight`"),
        ("@pytest.mark.parity\n", "", "mark it with one category"),
        ("@pytest.mark.parity", "@pytest.mark.parity\n@pytest.mark.shape", "mark it with one category"),
        (", weight=60)", ")", "its todo mark needs weight=N"),
        ('@pytest.mark.todo("shout", weight=40)\n', "", "mark it once"),
        ("import pytest", "import pytest, no_such_package", "the tests cannot be collected"),
        ("def test_", "def check_", "the tests cannot be collected"),
    ],
)
def test_a_suite_with_a_mistake_is_refused(make_suite, before: str, after: str, complaint: str):
    """Wrong points, marks and files are found when the suite is collected, before any submission is judged."""
    with pytest.raises(BrokenSuite, match=complaint):
        make_suite(tests=TESTS.replace(before, after))


def test_tests_share_the_points_of_their_todo_by_weight(make_suite):
    """Weights share the points for any sum; a test of weight 0 is for information."""
    suite = make_suite(tests=EXTRA.format("").replace("weight=60", "weight=1") + EXTRA_SHOUT + EXTRA_SHOUT_TWICE)
    points = {test.id.partition("::")[2]: test.points for test in suite.tests}
    assert points == {"test_double": 60, "test_shout": 32, "test_shout_again": 0, "test_shout_twice": 8}


def test_a_test_of_an_unknown_todo_is_refused(make_suite):
    """Points for a TODO that no table shows."""
    with pytest.raises(BrokenSuite, match="no TODO 'whisper'"):
        make_suite(tests=TESTS + STRAY)


def test_a_missing_suite_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """An assignment without hidden tests cannot be graded."""
    assignment = open_project(monkeypatch, tmp_path)
    (assignment.hidden_tests / "test_toy.py").unlink()
    assignment.hidden_tests.rmdir()
    with pytest.raises(BrokenSuite, match="no hidden tests at"):
        Suite(assignment, b"secret")


def test_the_reference_passes(make_suite):
    """Every test gives its points."""
    results = run_suite(make_suite(), SOLUTION)
    assert {result.status for result in results.values()} == {Verdict.PASSED}
    assert sum(result.score for result in results.values()) == 100


def test_a_failed_assertion_says_its_first_line(make_suite):
    """Students do not see the lines below the first."""
    result = run_suite(make_suite(), SOLUTION.replace("number + number", "number"))["double"]
    assert (result.status, result.message, result.score) == (Verdict.FAILED, "the number is not doubled", 0.0)


def test_what_the_submission_raises_is_its_own_verdict(make_suite):
    """No test needs to catch it."""
    result = run_suite(make_suite(), SOLUTION.replace("number + number", "number / 0"))["double"]
    assert result.status is Verdict.RAISED
    assert result.message.startswith("ZeroDivisionError: division by zero (in double, handed_in.py, line ")


def test_a_reply_that_a_test_cannot_use_is_failed(make_suite):
    """The test stumbles over this reply, and does not over the reference's."""
    suite = make_suite(tests=EXTRA.format("student.double(2).bit_length()"))
    result = run_suite(suite, SOLUTION.replace("return result", "return [result]"))["double"]
    assert result.status is Verdict.FAILED
    assert result.message.startswith("list was returned where another type is asked for")


def test_a_test_that_is_broken_is_the_graders_fault(make_suite):
    """It stumbles over the reference, too: no one is failed for it."""
    result = run_suite(make_suite(tests=EXTRA.format("reference.triple(student.double(2))")), SOLUTION)["double"]
    assert result.status is Verdict.GRADER_FAULT
    assert "triple" in result.message


def test_a_broken_test_costs_nobody_else(make_suite):
    """The other tests of the suite are still judged."""
    result = run_suite(make_suite(tests=EXTRA.format("raise OSError('no disk')")), SOLUTION)["shout"]
    assert result.status is Verdict.PASSED


def test_a_solution_that_does_not_run_is_the_graders_fault(make_suite):
    """Its own exception is named."""
    suite = make_suite(solution=SOLUTION.replace("def double", "def other(x=1 / 0):\n    pass\n\n\ndef double"))
    with pytest.raises(BrokenSuite, match="ZeroDivisionError"):
        run_suite(suite, SOLUTION)


def test_a_conftest_around_the_hidden_tests_is_not_read(make_suite, tmp_path: Path):
    """A file in a folder above the tests cannot change a grade: the digest would not know of it."""
    make_suite()
    for folder in (tmp_path, tmp_path / "tests_hidden"):
        (folder / "conftest.py").write_text("raise RuntimeError('read')")
    assert len(make_suite().tests) == 2


def test_two_suites_keep_their_neighbours_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Files of one name in two assignments, tests and helpers, are not taken for each other."""
    tests = "from neighbour import WORD\n" + TESTS.replace('"double", w', "WORD, w")
    suites = []
    for name in ("one", "two"):
        folder = tmp_path / name
        toy = open_project(monkeypatch, folder, toml=TOML.replace("double", name), tests=tests)
        neighbour = folder / "tests_hidden" / "toy" / "neighbour.py"
        neighbour.write_text(f"WORD = {name!r}\n")
        suites.append(Suite(toy, b"secret"))
    assert [suite.tests[0].todo for suite in suites] == ["one", "two"]


@pytest.mark.parametrize("text", ["toml", "solution", "tests"])
def test_the_digest_names_what_decides_a_grade(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str):
    """assignment.toml, the solution or a test: whichever changes, the digest does."""
    before = digest_suite(open_project(monkeypatch, tmp_path))
    changed = {"toml": TOML, "solution": SOLUTION, "tests": TESTS}[text] + "\n# changed\n"
    assert digest_suite(open_project(monkeypatch, tmp_path, **{text: changed})) != before
    assert digest_suite(open_project(monkeypatch, tmp_path)) == before


def test_a_forbidden_name_costs_its_todo_only(make_suite):
    """The message has the forbidden name and its line; the other TODOs are marked as ever."""
    suite = make_suite(toml=TOML.replace('where = ["double"]', 'where = ["double"]\nforbid = ["math.prod"]'))
    found = run_suite(
        suite, "import math\n\n\ndef double(n):\n    return math.prod([n, 2])\n\n\ndef shout(w): return w.upper()\n"
    )
    assert (found["double"].status, found["double"].score) == (Verdict.FORBIDDEN, 0.0)
    assert "math.prod is not to be used here (handed_in.py, line 5)" in found["double"].message
    assert found["shout"].status is Verdict.PASSED


def test_a_test_that_is_left_out_costs_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A policy may leave out the last test of a file: the next file's tests run as ever."""
    toml = TOML.replace('where = ["shout"]', 'where = ["shout"]\nforbid = ["math.prod"]')
    assignment = open_project(monkeypatch, tmp_path, toml=toml)
    (assignment.hidden_tests / "test_zero.py").write_text(ZERO, encoding="utf-8")
    suite = Suite(assignment, b"secret")
    assert [test.id for test in suite.tests][-1] == "test_zero.py::test_zero"
    found = run_suite(
        suite, "import math\n\n\ndef double(n):\n    return 2 * n\n\n\ndef shout(w): return math.prod(w)\n"
    )
    assert (found["double"].status, found["shout"].status) == (Verdict.PASSED, Verdict.FORBIDDEN)


def test_a_hiccup_of_the_machine_costs_nothing(make_suite, monkeypatch):
    """A test that overran once is run again; one that does so again is timed out, its neighbours get no second try."""
    suite = make_suite(tests=TESTS + EXTRA_SHOUT)
    runs: list[str] = []

    def overrun(test, session):
        runs.append(test.id)
        overruns = test.todo == "shout" or runs.count(test.id) == 1
        return SubmissionError(Verdict.TIMED_OUT, "stopped") if overruns else None

    monkeypatch.setattr(suite, "_run_test", overrun)
    found = run_suite(suite, "")
    assert found["double"].status is Verdict.PASSED
    assert found["shout"].status is Verdict.TIMED_OUT
    assert [runs.count(test.id) for test in suite.tests] == [2, 2, 1]


def test_after_two_overruns_the_other_tests_of_a_todo_do_not_run(make_suite, monkeypatch):
    """So an endless loop holds the class up for three limits of one test, however many tests its TODO has."""
    many = "".join(EXTRA_SHOUT.replace("def test_", f"def test_{number}_") for number in range(4))
    suite = make_suite(tests=TESTS + many)
    runs: list[str] = []

    def overrun(test, session):
        runs.append(test.id)
        return SubmissionError(Verdict.TIMED_OUT, "stopped") if test.todo == "shout" else None

    monkeypatch.setattr(suite, "_run_test", overrun)
    channel = InProcessChannel()
    session = suite.open_session(read_submission(suite.assignment.solution, module="toy.py"), channel)
    results = [result for result in suite.run(session) if result.todo == "shout"]
    channel.close()
    assert {result.status for result in results} == {Verdict.TIMED_OUT} and len(results) == 5
    assert len([test for test in runs if "double" not in test]) == 3
    assert [result.message.startswith("not run") for result in results] == [False, False, True, True, True]


LEAKY = '''
import pytest
import torch
from grader.examiner.draw import Draw


@pytest.mark.todo("double", weight=60)
@pytest.mark.parity
def test_double(student, draw):
    """Numbers are doubled."""
    torch_seed, python_state = student.double(0)
    hidden = draw.tensor(4)
    assert not torch.equal(hidden, Draw(torch_seed).tensor(4))
    assert python_state != draw._random.getstate()[1][:3]


@pytest.mark.todo("shout", weight=40)
@pytest.mark.behaviour
def test_shout(student):
    """A word is shouted."""
    student.shout("a")
'''
READS_SEEDS = """
import random

import torch


def double(number):
    return torch.initial_seed(), list(random.getstate()[1][:3])
"""


def test_a_submission_cannot_predict_a_hidden_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The seeds that its generators show are not those that inputs are drawn from."""
    assignment = open_project(monkeypatch, tmp_path, tests=LEAKY)
    path = tmp_path / "handed_in" / "toy.py"
    path.parent.mkdir()
    path.write_text(SOLUTION + READS_SEEDS, encoding="utf-8")
    suite = Suite(assignment, b"secret")
    double, _ = suite.run(suite.open_session(read_submission(path, module="toy.py"), InProcessChannel()))
    assert (double.status, double.message) == (Verdict.PASSED, "")


ORDERED = '''
import pytest


@pytest.mark.todo("shout", weight=40)
@pytest.mark.behaviour
def test_shout(student):
    """A word is shouted."""
    student.replace(double=student.define(twice))
    assert student.shout("a") == "A"


@pytest.mark.todo("double", weight=60)
@pytest.mark.parity
def test_double(student):
    """A number is doubled."""
    assert student.double(4) == 8


def twice(number):
    """In place of double."""
    return 2 * number
'''
KEEPS_A_STAND_IN = """
import sys


def double(number):
    return sys.__dict__.get("_kept", lambda number: 0)(number)


def shout(word):
    sys._kept = globals()["double"]
    return word.upper()
"""


def test_a_stand_in_comes_after_the_tests_that_it_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Tests run in the order of the TODOs and are reported as they stand in their files."""
    assignment = open_project(monkeypatch, tmp_path, tests=ORDERED)
    path = tmp_path / "handed_in" / "toy.py"
    path.parent.mkdir()
    path.write_text(SOLUTION + KEEPS_A_STAND_IN, encoding="utf-8")
    monkeypatch.delattr("sys._kept", raising=False)
    suite = Suite(assignment, b"secret")
    shout, double = suite.run(suite.open_session(read_submission(path, module="toy.py"), InProcessChannel()))
    assert (shout.todo, shout.status) == ("shout", Verdict.PASSED)
    assert (double.todo, double.status) == ("double", Verdict.FAILED)
    monkeypatch.delattr("sys._kept")


def test_suite_without_torch_imports_none(tmp_path: Path) -> None:
    """Nor numpy: only what the assignment uses."""
    script = (
        "import sys; from pathlib import Path; from grader.model.course import Course\n"
        "from grader.examiner.suite import Suite; from grader.intake import read_submission\n"
        "from grader.sandbox.in_process import InProcessChannel\n"
        "toy = Course(Path(sys.argv[1])).load_assignment('toy'); suite = Suite(toy, b'secret')\n"
        "session = suite.open_session(read_submission(toy.solution, module='toy.py'), InProcessChannel())\n"
        "print(sum(result.score for result in suite.run(session)), sorted({'torch', 'numpy'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, str(write_project(tmp_path))]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    assert run.stdout == "100.0 []\n"


STUMBLES = """
import pytest

DRAWN = []


@pytest.mark.todo("double", weight=60)
@pytest.mark.parity
def test_double(student, draw):
    '''A number is doubled.'''
    DRAWN.append((draw.integer(0, 10**9), student.double(1)))
    raise KeyError("stumbles")


@pytest.mark.todo("shout", weight=40)
@pytest.mark.behaviour
def test_shout(student):
    '''A word is shouted.'''
    student.shout("a")
"""


def test_a_test_that_stumbles_is_tried_on_the_reference_with_the_same_inputs(make_suite):
    """The same seed: a test that stumbles over some inputs only is broken for this submission too."""
    suite = make_suite(tests=STUMBLES)
    results = run_suite(suite, SOLUTION.replace("number + number", "7"))
    first, second = suite.tests[0].item.module.DRAWN
    assert (first[0], first[1], second[1]) == (second[0], 7, 2)
    assert results["double"].status is Verdict.GRADER_FAULT
