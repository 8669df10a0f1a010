"""Run the public tests against a submission in this process, on any system.

The code is not confined and nothing is secret: it is the student's code on the student's computer, and the tests lie
open beside it. No verdict from here counts for a grade.
"""

import faulthandler
import re
import tempfile
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader.examiner import plugin
from grader.examiner.examination import EXAMINATION, Examination, list_marks, read_sentence
from grader.examiner.inspection import inspect_source
from grader.examiner.mismatch import Mismatch
from grader.examiner.pytest_adapter import QUIET, Recorder, judge
from grader.examiner.session import SubmissionSession
from grader.examiner.source_findings import forbid_use, read_rules
from grader.examiner.stumbles import explain_stumble
from grader.model.errors import BrokenSuite, GraderError, GraderFault, UsageError
from grader.model.marks import read_todo
from grader.model.submission import Submission
from grader.model.text import shorten
from grader.model.verdict import Outcome, SubmissionError, Verdict
from grader.sandbox.in_process import InProcessChannel
from grader.student.findings import AllTestsEnded, Picture, PublicFinding, RunningTest
from grader.student.kit import Kit
from grader.student.pictures import make_picture
from grader.wire.libraries import is_array, is_tensor

# Neither the student's own pytest settings nor plugins may change what is checked; the lines printed are ours.
OPTIONS = [*QUIET, "--noconftest", "--import-mode=importlib", "--capture=sys"]
MAX_SHOWN = 160
MAX_VALUES = 12
_EQUATION = re.compile(r"assert (.+?) == (.+)")

Send = Callable[[RunningTest | PublicFinding | AllTestsEnded], None]


@dataclass(frozen=True)
class TimeLimits:
    """The seconds that one public test may take: to load the submission, and then to run."""

    load_seconds: float
    test_seconds: float


class OpenExamination(Examination):
    """An examination of which nothing is secret: the seed is known, and there is no reference."""

    def load_reference(self) -> ModuleType:
        """Raise BrokenSuite: a public test holds what it expects itself."""
        raise BrokenSuite(f"a public test of {self.assignment.name} asks for the reference, which students do not have")

    def begin(self, item: pytest.Item) -> SubmissionSession:
        """Start one test. Raises SubmissionError where its TODO uses what it must not."""
        use = self.session.inspection.uses.get(_name_test(item)[0])
        if use is not None:
            outcome = forbid_use(use, self.session.submission)
            raise SubmissionError(outcome.verdict, outcome.message)
        return super().begin(item)


def run_public_tests(
    submission: Submission,
    kit: Kit,
    send: Send,
    *,
    limits: TimeLimits,
    stack: Path,
    judged: Set[str] = frozenset(),
    overran: Set[str] = frozenset(),
) -> None:
    """Run every test whose id is not in `judged`, and send how each ends. Raises GraderError if that is impossible.

    Where a test overruns, its stack is written to the file `stack` and this process ends. For the TODOs `overran` those
    that share their function are filled.
    """
    with stack.open("w", encoding="utf-8") as file, tempfile.TemporaryDirectory() as folder:
        examination = examine(submission, kit)
        for todo in overran:
            examination.session.fill_neighbours(todo, SubmissionError(Verdict.TIMED_OUT, ""))
        runner = _Runner(examination, send, limits, file.fileno(), judged)
        settings = Path(folder, "pytest.ini")  # empty: otherwise pytest looks for the student's own
        settings.write_text("[pytest]\n", encoding="utf-8")
        where = ["-c", str(settings), "--rootdir", str(kit.folder), str(kit.public_tests)]
        status = pytest.main([*OPTIONS, *where], plugins=[plugin, runner])
    if runner.unreadable:
        raise UsageError(
            f"the tests in {str(kit.public_tests)!r} cannot be loaded: {runner.unreadable}; install what is missing, "
            "or unpack the kit again"
        )
    if runner.fault:
        raise runner.fault
    if status == pytest.ExitCode.NO_TESTS_COLLECTED and not judged:
        raise UsageError(f"no tests in {str(kit.public_tests)!r}: unpack the kit again")
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise GraderFault(f"pytest ended with status {int(status)}")
    # Sent from here: the submission's objects may do anything once they are freed.
    send(AllTestsEnded())


def examine(submission: Submission, kit: Kit) -> Examination:
    """Return what the fixtures of the public tests need, for a submission that was read."""
    examination = OpenExamination(kit, b"")
    found = inspect_source(submission.source, read_rules(kit))
    examination.examine(SubmissionSession(submission, kit, InProcessChannel(), devices={"cpu"}, inspection=found))
    return examination


class _Runner(Recorder):
    """Puts the examination where the fixtures look for it, and sends each test's outcome as soon as it is known.

    An overrun ends the process: no exception would stop a loop that catches every exception, and no signal is handled
    while C code runs. faulthandler's own thread needs neither, on any system.
    """

    def __init__(self, examination: Examination, send: Send, limits: TimeLimits, stack: int, judged: Set[str]) -> None:
        super().__init__()
        self.examination = examination
        self.send = send
        self.limits = limits
        self.stack = stack
        self.judged = judged
        self.unreadable = ""
        self.fault: GraderError | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        session.config.stash[EXAMINATION] = self.examination

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.unreadable:
            lines = str(report.longrepr).splitlines()
            errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E")] or lines
            self.unreadable = shorten(errors[-1], MAX_SHOWN) if errors else "no reason was given"

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid not in self.judged]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._limit(item, self.limits.load_seconds)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        self._limit(item, self.limits.test_seconds)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool:
        todo, name = _name_test(item)
        raised = self.run(item)
        while self.examination.session.fill_neighbours(todo, raised):
            raised = self.run(item)
        faulthandler.cancel_dump_traceback_later()
        if isinstance(raised, GraderError):
            self.fault = self.fault or raised  # a public test is wrong: reported once pytest has ended
        else:
            self.send(PublicFinding(todo, name, judge_public_test(raised), _draw(raised)))
        return True

    def _limit(self, item: pytest.Item, seconds: float) -> None:
        self.send(RunningTest(item.nodeid, *_name_test(item), seconds))
        faulthandler.dump_traceback_later(seconds, exit=True, file=self.stack)


def _name_test(item: pytest.Item) -> tuple[str, str]:
    """Return the TODO of a test and its sentence."""
    return read_todo(list_marks(item), where=item.nodeid), read_sentence(item, default=item.name)


def _draw(raised: BaseException | None) -> Picture | None:
    """Return a picture of what a test compared: of all of it if possible, else of the part that differs."""
    pairs = [raised.whole, raised.compared] if isinstance(raised, Mismatch) else []
    return next((picture for pair in pairs if pair and (picture := make_picture(*pair))), None)


def judge_public_test(raised: BaseException | None) -> Outcome:
    """Return what an exception in a public test means; unlike a hidden one, it may say what was expected."""
    if isinstance(raised, pytest.skip.Exception):
        return Outcome(Verdict.PENDING, str(raised))

    def show_mismatch(mismatch: Mismatch) -> str:
        found, expected = [_show(value) for value in mismatch.compared or ()] or ["", ""]
        return mismatch.message + (f"; found {found}, expected {expected}" if found and expected else "")

    outcome = judge(
        raised,
        show_mismatch=show_mismatch,
        show_assertion=lambda error: _read_assertion(str(error)),
    )
    if outcome:
        return outcome
    return Outcome(Verdict.FAILED, explain_stumble(raised) if raised else "", cause="structure")


def _read_assertion(text: str) -> str:
    # "message\nassert FOUND == EXPECTED\n  ...", as pytest rewrites it
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["an assertion failed"]
    message = "" if lines[0].startswith("assert ") else lines[0]
    found = next((match for line in lines if (match := _EQUATION.match(line))), None)
    if found is None:
        return shorten(message or lines[0], MAX_SHOWN)
    compared = (
        f"expected {shorten(found[2], MAX_SHOWN)}"
        if found[1] in message
        else f"found {shorten(found[1], MAX_SHOWN)}, expected {shorten(found[2], MAX_SHOWN)}"
    )
    return f"{shorten(message, MAX_SHOWN)}; {compared}" if message else compared


def _show(value: Any) -> str:
    if is_tensor(value) or is_array(value):
        from grader.examiner.array_parity import to_array

        values = to_array(value)
        return str(_round(values.tolist())) if values.size <= MAX_VALUES else ""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else ""


def _round(value: Any) -> Any:
    if isinstance(value, list):
        return [_round(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
