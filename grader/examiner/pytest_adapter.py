"""Run tests by pytest without its own reports. Every private part of pytest that the grader uses is here."""

import re
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from _pytest.config import (
    _prepareconfig,  # the step of `pytest.main` before it runs anything; pytest-xdist does the same
)
from _pytest.runner import runtestprotocol

from grader.examiner.mismatch import Mismatch
from grader.model.verdict import Outcome, SubmissionError, Verdict

# The releases of pytest that have these private parts: from the first, and before the second.
PYTEST_VERSIONS = ("8.4", "10")
# What pytest does around each test for a person who reads its output is more work than the test. And several plugins
# import a library at the start, such as pdb, that only people at a terminal use.
_UNUSED = (
    *("cacheprovider", "terminal", "faulthandler", "logging", "warnings", "unraisableexception", "threadexception"),
    *("debugging", "doctest", "junitxml", "legacypath", "pastebin", "setuponly", "setupplan", "stepwise", "unittest"),
)
QUIET = ["--disable-plugin-autoload", *(part for name in _UNUSED for part in ("-p", f"no:{name}"))]
MAX_LINE = 300


class Recorder:
    """A plugin that keeps the first exception of a test, in place of pytest's own, slow, text reports."""

    def __init__(self) -> None:
        self.raised: BaseException | None = None
        self.uncollected = ""  # why a file could not be collected

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        if call.excinfo is not None and self.raised is None:
            self.raised = call.excinfo.value
        outcome = "passed" if call.excinfo is None else "failed"
        return pytest.TestReport(item.nodeid, item.location, {}, cast(Any, outcome), None, cast(Any, call.when))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.uncollected:
            self.uncollected = explain_collect_error(str(report.longrepr))

    def run(self, item: pytest.Item) -> BaseException | None:
        """Run one collected test. Return the first exception of its set-up, call and teardown."""
        self.raised = None
        # Everything is torn down after each test: which one comes next depends on policies, repetitions and faults.
        runtestprotocol(item, log=False, nextitem=None)
        return self.raised


def open_session(arguments: Sequence[str], plugins: Sequence[object]) -> pytest.Session:
    """Return a started session that has collected nothing yet."""
    config = _prepareconfig([*QUIET, *arguments], list(plugins))
    config._do_configure()
    session = pytest.Session.from_config(config)
    config.hook.pytest_sessionstart(session=session)
    return session


def judge(
    raised: BaseException | None,
    *,
    show_mismatch: Callable[[Mismatch], str] = lambda mismatch: mismatch.message,
    show_assertion: Callable[[AssertionError], str] = lambda error: first_line(error),
) -> Outcome | None:
    """Return the outcome of a test that ended with this exception; None if the test itself stumbled."""
    match raised:
        case None:
            return Outcome(Verdict.PASSED)
        case SubmissionError():
            return Outcome(raised.verdict, raised.message, raised.hint, raised.cause, shapes=raised.shapes)
        case Mismatch():
            return Outcome(Verdict.FAILED, show_mismatch(raised), raised.hint, raised.cause)
        case AssertionError():
            return Outcome(Verdict.FAILED, show_assertion(raised))
    return None


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's message, or its type's name if it has none."""
    lines = str(error).strip().splitlines()
    return lines[0][:MAX_LINE] if lines else type(error).__name__


def explain_collect_error(text: str) -> str:
    """Return where a file of tests failed to be imported, and why, from what pytest prints."""
    places = re.findall(r"^(\S+\.py:\d+): in ", text, re.MULTILINE)
    reasons = re.findall(r"^E\s+(.+)$", text, re.MULTILINE) or text.strip().splitlines()
    return f"{places[-1]}: {reasons[-1]}" if places else reasons[-1]
