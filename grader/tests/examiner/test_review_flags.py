"""Notes for a teacher's eye, which cost nothing and reach no student."""

from collections.abc import Sequence

import pytest

from grader.examiner.inspection import inspect_source
from grader.examiner.review_flags import describe_remarks
from grader.examiner.source_findings import Rules
from grader.model.report import CheckResult
from grader.model.submission import Origin, Submission
from grader.model.verdict import Verdict
from grader.tests.grading.test_worker import grade_text, read_solution

ODD = {
    "import ctypes": "imports ctypes (m.py, line 1)",
    "import gc as g, os": "imports gc (m.py, line 1)",
    "from subprocess import run": "imports subprocess.run (m.py, line 1)",
    "from os import system": "imports os.system (m.py, line 1)",
    "import sys\ndef f(): return sys._getframe(1)": "uses sys._getframe (m.py, line 2)",
    "import os\ndef f(): return os.environ": "uses os.environ (m.py, line 2)",
    "def f(): return open('/proc/self/maps')": "names '/proc/self/maps' (m.py, line 1)",
    "WHERE = '../tests_hidden/a4'": "names '../tests_hidden/a4' (m.py, line 1)",
}
PLAIN = (
    "import os, sys, torch, math, random",
    "import os\nDEVICE = os.path.join('a', 'b')",
    'def f():\n    """Reads what is hidden in the hidden state."""\n    return "expected"',
)


def make_submission(source: str) -> Submission:
    """A submission of one file."""
    return Submission(id="1", student="kim", source=source, origins=((1, Origin("m.py", None, 1)),))


def find_suspicions(submission: Submission, results: Sequence[CheckResult]) -> tuple[str, ...]:
    """The remarks on a submission whose assignment forbids nothing."""
    return describe_remarks(inspect_source(submission.source, Rules((), "")), submission, results)


@pytest.mark.parametrize(("source", "remark"), ODD.items())
def test_what_leads_elsewhere_is_noted(source: str, remark: str):
    """The remark names the thing and its place."""
    assert remark in find_suspicions(make_submission(source), [])


@pytest.mark.parametrize("source", PLAIN)
def test_ordinary_code_is_not(source: str):
    """Code that labs write every day is not noted."""
    assert find_suspicions(make_submission(source), []) == ()


def test_the_same_thing_is_noted_once():
    """Ten uses are one remark."""
    source = "import os\n" + "os.environ\n" * 10
    assert find_suspicions(make_submission(source), []) == ("uses os.environ (m.py, line 2)",)


@pytest.mark.parametrize("verdict", [Verdict.FORBIDDEN, Verdict.MALFORMED_REPLY])
def test_what_was_refused_is_noted(verdict: Verdict):
    """The number of tests, and what the first one met."""
    tests = [
        CheckResult(
            id=name, name=name, todo="t", category="shape", status=verdict, score=0, max_score=1, message="no socket"
        )
        for name in "ab"
    ]
    assert find_suspicions(make_submission("x = 1"), tests) == ("2 tests met what is not allowed, first: no socket",)


def test_a_remark_costs_nothing():
    """The reference with an odd import keeps every point, and the staff is named."""
    report = grade_text(f"{read_solution()}\n\ndef helper():\n    import ctypes\n    return ctypes\n")
    assert report.score == 100
    assert [remark.split(" (")[0] for remark in report.remarks] == ["imports ctypes"]


def test_a_flood_of_oddities_is_cut():
    """Thirty thousand imports are not thirty thousand remarks."""
    remarks = find_suspicions(make_submission("\n".join(f"import socket.a{number}" for number in range(500))), [])
    assert (len(remarks), remarks[-1]) == (21, "and 480 more")
