"""pytest without its own reports, and its private parts."""

import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path

import _pytest.config
import _pytest.runner
import pytest
from packaging.version import Version

import grader
from grader.examiner.mismatch import Mismatch
from grader.examiner.pytest_adapter import PYTEST_VERSIONS, first_line, judge
from grader.model.verdict import Outcome, SubmissionError, Verdict


def test_pytest_is_a_release_whose_private_parts_are_known():
    """With another release this fails first: look at `pytest_adapter`, run the suites, and widen the range."""
    first, beyond = map(Version, PYTEST_VERSIONS)
    assert first <= Version(version("pytest")) < beyond
    project = tomllib.loads(Path(grader.__file__).parents[1].joinpath("pyproject.toml").read_text(encoding="utf-8"))
    assert f"pytest>={first},<{beyond}" in project["project"]["dependencies"]


def test_private_parts_of_pytest_are_as_they_are_used():
    """Their parameters, by name."""
    assert list(inspect.signature(_pytest.config._prepareconfig).parameters)[:2] == ["args", "plugins"]
    assert list(inspect.signature(_pytest.runner.runtestprotocol).parameters) == ["item", "log", "nextitem"]
    assert list(inspect.signature(pytest.Config._do_configure).parameters) == ["self"]
    assert list(inspect.signature(pytest.Session.from_config).parameters) == ["config"]


@pytest.mark.parametrize(
    ("raised", "outcome"),
    [
        (None, Outcome(Verdict.PASSED)),
        (SubmissionError(Verdict.CRASHED, "gone", hint="why"), Outcome(Verdict.CRASHED, "gone", "why")),
        (Mismatch("the shape differs", "transposed"), Outcome(Verdict.FAILED, "the shape differs", "transposed")),
        (AssertionError("first\nsecond"), Outcome(Verdict.FAILED, "first")),
        (AssertionError(), Outcome(Verdict.FAILED, "AssertionError")),
        (KeyError("x"), None),
    ],
)
def test_outcomes_of_exceptions(raised: BaseException | None, outcome: Outcome | None):
    """Any other exception is the test's own: it has no outcome yet."""
    assert judge(raised) == outcome


def test_a_first_line_is_short():
    """However long the message is."""
    assert first_line(ValueError("x" * 1000 + "\ny")) == "x" * 300
