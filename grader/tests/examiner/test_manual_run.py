"""Hidden tests run by hand with plain pytest."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader.examiner.failure_display import MAX_SHOWN, describe_failure, show_value
from grader.examiner.mismatch import Mismatch
from grader.tests.support.toy import SOLUTION, write_project
from grader.wire.messages import Call


@pytest.mark.slow
def test_failed_test_shows_call_and_values_from_any_folder(tmp_path: Path) -> None:
    """The tests' own course counts, not the folder where pytest is started; a draft is a course's, too."""
    course = write_project(tmp_path / "course")
    description = course / "assignments/toy/assignment.toml"
    description.rename(description.with_name("assignment.draft.toml"))
    tests = course / "tests_hidden/toy/test_toy.py"
    text = tests.read_text(encoding="utf-8").replace("import pytest", "import pytest\nfrom grader.examiner import *")
    compared = "assert_parity(student.double(number), reference.double(number), what='it')"
    text = re.sub(r"assert student\.double\(number\) ==.*", compared, text)
    tests.write_text(text, encoding="utf-8")
    submission = tmp_path / "toy.py"
    submission.write_text(SOLUTION.replace("number + number", "number + 1"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", str(course / "tests_hidden/toy"), "-p", "no:cacheprovider", "-x"]
    run = subprocess.run(
        [*command, "-k", "double", "--in-process", "--submission", str(submission)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert "1 failed, 1 deselected" in run.stdout, run.stdout + run.stderr
    assert "last call: double(" in run.stdout
    assert "expected:  " in run.stdout
    assert "def _compare(" not in run.stdout


def test_describe_failure_shows_keywords_and_cuts_what_is_long() -> None:
    """A line for the call, one for each value; none where nothing is known."""
    mismatch = Mismatch("it differs")
    assert list(describe_failure(mismatch, None)) == []
    mismatch.compared = (1, "x" * 2 * MAX_SHOWN)
    lines = list(describe_failure(mismatch, Call(0, "f", [1], {"k": None})))
    assert lines[:2] == ["last call: f(1, k=None)", "found:     1"]
    assert len(lines[2]) < MAX_SHOWN + 20


def test_show_value_gives_the_kind_of_a_large_array() -> None:
    """And the numbers of a small one."""
    import numpy

    assert show_value(numpy.arange(3.0)) == "<float64 3: [0.0, 1.0, 2.0]>"
    assert show_value(numpy.zeros((10, 10))) == "<float64 10x10, from 0 to 0>"
