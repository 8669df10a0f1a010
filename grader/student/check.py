"""A student's own check: the public tests against a module or a notebook, in this process, on any system.

py. Nothing is fenced in and nothing is secret: it is the student's code on the student's computer, and the tests lie
open beside it. No verdict from here counts for a grade.
"""

import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, cast

import pytest
import torch

from grader.examiner import plugin
from grader.examiner.parity import Mismatch
from grader.examiner.plugin import EXAMINATION, Examination, find_todo_id
from grader.examiner.proxy import SubmissionSession
from grader.examiner.stubs import list_open_todos
from grader.intake import read_submission
from grader.model.errors import BrokenSuite, GraderError, GraderFault, UsageError
from grader.model.submission import Submission
from grader.model.verdict import Outcome, SubmissionError, Verdict
from grader.sandbox.in_process import InProcessChannel
from grader.student.kit import Kit, open_kit

# Neither the student's own pytest settings nor plugins may change what is checked; the lines printed are ours.
UNUSED = ["terminal", "cacheprovider", "faulthandler", "logging", "warnings", "unraisableexception", "threadexception"]
OPTIONS = ["--noconftest", "--disable-plugin-autoload", "--import-mode=importlib", "--capture=sys"]
OPTIONS += [part for name in UNUSED for part in ("-p", f"no:{name}")]
MAX_SHOWN = 160
# For one public test; they take fractions of a second.
TEST_SECONDS = 20.0
MAX_VALUES = 12
_EQUATION = re.compile(r"assert (.+?) == (.+)")


@dataclass(frozen=True)
class PublicFinding:
    """How one public test ended; `name` is its docstring."""

    todo: str
    name: str
    outcome: Outcome


@dataclass(frozen=True)
class Check:
    """What was checked, and how each test ended; no test runs on a submission that is refused."""

    submission: Submission
    findings: tuple[PublicFinding, ...]
    open_todos: tuple[str, ...]

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(finding.outcome.verdict is Verdict.PASSED for finding in self.findings)

    @property
    def is_complete(self) -> bool:
        """Whether every test passed, but for those that this machine cannot run, and no TODO is left open."""
        fine = (Verdict.PASSED, Verdict.PENDING)
        done = all(finding.outcome.verdict in fine for finding in self.findings)
        return bool(self.findings) and done and not self.open_todos


class OpenExamination(Examination):
    """An examination of which nothing is secret: the seed is known, and there is no reference."""

    def load_reference(self) -> ModuleType:
        """Raises BrokenSuite: whatever a public test expects stands in it."""
        raise BrokenSuite(f"a public test of {self.assignment.name} asks for the reference, which students do not have")


class _Observer:
    """Puts the examination where the fixtures look for it, and tells each test's outcome as soon as it is known."""

    def __init__(self, examination: Examination, tell: Callable[[PublicFinding], None]) -> None:
        self.examination = examination
        self.tell = tell
        self.findings: list[PublicFinding] = []
        self.unreadable = ""
        self.fault: GraderError | None = None
        self._raised: BaseException | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        session.config.stash[EXAMINATION] = self.examination

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.unreadable = self.unreadable or _read_last_line(str(report.longrepr))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        # Windows has no such alarm: there a student presses Ctrl-C.
        if not hasattr(signal, "SIGALRM"):
            return (yield)
        previous = signal.signal(signal.SIGALRM, _stop_test)
        signal.setitimer(signal.ITIMER_REAL, TEST_SECONDS)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        if call.excinfo is not None and self._raised is None:
            self._raised = call.excinfo.value
        if call.when == "teardown":
            raised, self._raised = self._raised, None
            try:
                self._note(item, raised)
            except GraderError as fault:  # a public test is wrong: told once pytest has ended
                self.fault = self.fault or fault
        outcome = "passed" if call.excinfo is None else "failed"
        return pytest.TestReport(item.nodeid, item.location, {}, cast(Any, outcome), None, cast(Any, call.when))

    def _note(self, item: pytest.Item, raised: BaseException | None) -> None:
        if isinstance(raised, SubmissionError) and raised.message.startswith("KeyboardInterrupt"):
            raise KeyboardInterrupt  # the student's code caught it on its way; it was meant for all of us
        name = " ".join((getattr(getattr(item, "function", None), "__doc__", None) or item.name).split())
        finding = PublicFinding(find_todo_id(item), name, judge(raised))
        self.findings.append(finding)
        self.tell(finding)


def _stop_test(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"stopped after {TEST_SECONDS:g} seconds: is there a loop that never ends?")


def check_submission(path: Path, kit: Kit, tell: Callable[[PublicFinding], None] = lambda finding: None) -> Check:
    """Run the public tests. Raises SubmissionNotFound, and UsageError where the tests cannot be loaded."""
    submission = read_submission(path, module=kit.module, defines=kit.defines)
    if submission.refused:
        return Check(submission, (), ())
    observer = _Observer(examine(submission, kit), tell)
    _run_pytest(kit, observer)
    unfilled = {finding.todo for finding in observer.findings if finding.outcome.verdict is Verdict.UNFILLED}
    still_open = unfilled | list_open_todos(submission.source)
    return Check(submission, tuple(observer.findings), tuple(todo.id for todo in kit.todos if todo.id in still_open))


def examine(submission: Submission, kit: Kit) -> Examination:
    """What the fixtures of the public tests ask, for one submission that was read."""
    return OpenExamination(kit, b"", SubmissionSession(submission, kit, InProcessChannel(), {"cpu"}))


def open_examination(config: pytest.Config, folder: Path) -> None:
    """Have plain `pytest` judge what lies in a kit's folder. Raises pytest.UsageError where it cannot be read."""
    kit = open_kit(folder)
    submission = read_submission(folder, module=kit.module, defines=kit.defines)
    if submission.refused:
        raise pytest.UsageError(submission.refused)
    config.stash[EXAMINATION] = examine(submission, kit)


def judge(raised: BaseException | None) -> Outcome:
    """What an exception in a public test means; unlike a hidden one, it may say what was expected."""
    match raised:
        case None:
            return Outcome(Verdict.PASSED)
        case SubmissionError():
            return Outcome(raised.verdict, raised.message, raised.hint)
        case Mismatch():
            return Outcome(Verdict.FAILED, f"{raised.message}{_show_compared(raised)}", raised.hint)
        case AssertionError():
            return Outcome(Verdict.FAILED, _read_assertion(str(raised)))
        case pytest.skip.Exception():
            return Outcome(Verdict.PENDING, str(raised))
        case GraderError():
            raise raised
    kind = type(raised).__name__
    return Outcome(Verdict.FAILED, f"the test could not use what was returned ({kind}: {_cut(str(raised))})")


def _run_pytest(kit: Kit, observer: _Observer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "pytest.ini")  # empty: otherwise pytest looks for the student's own
        settings.write_text("[pytest]\n", encoding="utf-8")
        where = ["-c", str(settings), "--rootdir", str(kit.folder), str(kit.public_tests)]
        status = pytest.main([*OPTIONS, *where], plugins=[plugin, observer])
    if observer.unreadable:
        raise UsageError(
            f"the tests in {str(kit.public_tests)!r} cannot be loaded: {observer.unreadable}; install what is missing, "
            "or unpack the kit again"
        )
    if observer.fault:
        raise observer.fault
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise UsageError(f"no tests in {str(kit.public_tests)!r}: unpack the kit again")
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise GraderFault(f"pytest ended with status {int(status)}")


def _read_assertion(text: str) -> str:
    # "message\nassert FOUND == EXPECTED\n  ...", as pytest rewrites it
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["an assertion failed"]
    message = "" if lines[0].startswith("assert ") else lines[0]
    found = next((match for line in lines if (match := _EQUATION.match(line))), None)
    if found is None:
        return _cut(message or lines[0])
    compared = (
        f"expected {_cut(found[2])}" if found[1] in message else f"found {_cut(found[1])}, expected {_cut(found[2])}"
    )
    return f"{_cut(message)}; {compared}" if message else compared


def _show_compared(mismatch: Mismatch) -> str:
    if mismatch.compared is None:
        return ""
    found, expected = (_show(value) for value in mismatch.compared)
    return f"; found {found}, expected {expected}" if found and expected else ""


def _show(value: Any) -> str:
    if not isinstance(value, torch.Tensor):
        text = repr(value)
        return text if len(text) <= MAX_SHOWN else ""
    if value.numel() > MAX_VALUES:
        return ""
    return str(_round(value.detach().cpu().tolist()))


def _round(value: Any) -> Any:
    if isinstance(value, list):
        return [_round(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _read_last_line(text: str) -> str:
    lines = [line.removeprefix("E").strip() for line in text.splitlines() if line.startswith("E")] or text.splitlines()
    return _cut(lines[-1]) if lines else "no reason was given"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_SHOWN else f"{line[: MAX_SHOWN - 1]}…"
