"""An assignment's hidden tests: collected once, run for every submission.

pytest does the collecting, the fixtures and the running; this file decides what an outcome means.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from _pytest.config import (
    _prepareconfig,  # the step of `pytest.main` before it runs anything; pytest-xdist does the same
)
from _pytest.runner import runtestprotocol

from grader.examiner.forbidden_names import find_forbidden, forbid_use
from grader.examiner.gate import UNEARNED, find_unearned
from grader.examiner.parity import Mismatch
from grader.examiner.plugin import CATEGORIES, EXAMINATION, Examination, find_todo_id, make_test_id
from grader.examiner.proxy import SubmissionSession
from grader.examiner.replay import Unrecorded
from grader.intake import read_submission
from grader.model.assignment import Assignment
from grader.model.devices import VIRTUAL, Device
from grader.model.digests import digest_suite
from grader.model.errors import BrokenSuite, GraderFault
from grader.model.report import Category, CheckResult, Visibility, check_points
from grader.model.verdict import MEANINGS, Outcome, SubmissionError, Verdict
from grader.sandbox.in_process import InProcessChannel
from grader.wire.virtual_device import set_up_virtual_device

ARGUMENTS = ["-c", "/dev/null"]
ARGUMENTS += ["--assert=plain", "--capture=no", "--disable-plugin-autoload"]
# What pytest does around each test for a person who reads its output is more work than the test.
UNUSED = ["cacheprovider", "terminal", "faulthandler", "logging", "warnings", "unraisableexception", "threadexception"]
PLUGINS = ["-p", "grader.examiner.plugin", *(part for name in UNUSED for part in ("-p", f"no:{name}"))]


@dataclass(frozen=True)
class HiddenTest:
    """One collected test and its marks."""

    item: pytest.Item
    id: str
    todo: str
    category: Category
    points: float
    visibility: Visibility
    is_gate: bool = False

    @property
    def name(self) -> str:
        """Its docstring: a sentence that a student may read."""
        function = getattr(self.item, "function", None)
        return " ".join((getattr(function, "__doc__", None) or self.id).split())

    def report(self, outcome: Outcome, *, cpu_seconds: float = 0.0) -> CheckResult:
        """Its line in the report."""
        return CheckResult(
            id=self.id,
            name=self.name,
            todo=self.todo,
            category=self.category,
            status=outcome.verdict,
            score=self.points if outcome.verdict is Verdict.PASSED else 0.0,
            max_score=self.points,
            message=outcome.message,
            hint=outcome.hint,
            visibility=self.visibility,
            cpu_seconds=cpu_seconds,
        )

    def repeat(self, result: CheckResult) -> CheckResult:
        """Its line once more, worth what it is worth now."""
        outcome = Outcome(result.status, result.message, result.hint)
        return self.report(outcome, cpu_seconds=result.cpu_seconds)


class _Recorder:
    """Keeps the exception of the last test; stands in for pytest's own, slow, text reports."""

    def __init__(self) -> None:
        self.raised: BaseException | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        if call.excinfo is not None and self.raised is None:
            self.raised = call.excinfo.value
        outcome = "passed" if call.excinfo is None else "failed"
        return pytest.TestReport(item.nodeid, item.location, {}, cast(Any, outcome), None, cast(Any, call.when))


class Suite:
    """The hidden tests of one assignment."""

    def __init__(self, assignment: Assignment, secret: bytes, device: Device = VIRTUAL) -> None:
        """Collect them. Raises BrokenSuite where they cannot be collected or their points do not add up."""
        import torch

        prepare_device(device)

        # As in the zygote, so that both sides compute alike.
        torch.set_num_threads(1)
        torch.backends.mkldnn.set_flags(False)
        self.assignment = assignment
        self.recorder = _Recorder()
        self.examination = Examination(assignment, secret, device=device.name)
        self.tests = self._collect(assignment.hidden_tests)
        self.lacks_gpu = assignment.gpu_policy == "require" and not device.is_cuda
        if assignment.gpu_policy == "skip":
            self.tests = _leave_out_gpu(self.tests)
        self.digest = digest_suite(assignment)
        self._endless: set[str] = set()
        self.withheld: frozenset[str] = frozenset()  # tests of the last run that passed and do not count
        check_points(assignment, [test.report(Outcome(Verdict.PASSED)) for test in self.tests])

    def run(self, subject: SubmissionSession, kept: Sequence[CheckResult] = ()) -> list[CheckResult]:
        """Run every test for one submission, but for those whose result is `kept` from before. Raises GraderFault where
        the examiner cannot go on."""
        subject.signatures = self.examination.load_signatures()
        known = {result.id: result for result in kept}
        self._endless = {result.todo for result in kept if result.status is Verdict.TIMED_OUT}
        forbidden = find_forbidden(subject.submission.source, self.assignment.todos)
        results = {}
        for test in self._order_by_todo(self.tests):
            if test.todo in forbidden:
                results[test.id] = test.report(forbid_use(forbidden[test.todo], subject.submission))
            elif test.id in known:
                results[test.id] = test.repeat(known[test.id])
            elif self.lacks_gpu and test.category == "gpu":
                results[test.id] = test.report(Outcome(Verdict.PENDING, MEANINGS[Verdict.PENDING].en))
            else:
                outcome = self._judge(test, subject)
                cpu_seconds = round(subject.channel.read_cpu_seconds(), 4)
                results[test.id] = test.report(outcome, cpu_seconds=cpu_seconds)
        return self._withhold_unearned([results[test.id] for test in self.tests], subject, known)

    def _order_by_todo(self, tests: Sequence[HiddenTest]) -> list[HiddenTest]:
        # A stand-in for an earlier TODO may be a right answer to it. A submission that keeps one has it too late.
        places = {todo.id: place for place, todo in enumerate(self.assignment.todos)}
        return sorted(tests, key=lambda test: places[test.todo])

    def _withhold_unearned(
        self, results: list[CheckResult], subject: SubmissionSession, known: Mapping[str, CheckResult]
    ) -> list[CheckResult]:
        passed = {result.id for result in results if result.status is Verdict.PASSED}
        at_stake = {test.todo for test in self.tests if test.id in passed and test.id not in known}
        gates = self._order_by_todo([test for test in self.tests if test.is_gate and test.todo in at_stake])
        if any(gate.id not in passed for gate in gates):
            subject.channel.close()  # the next round starts a child that has not seen any stand-in
        closed = find_unearned(gates, passed, lambda gate, number: self._run_round(gate, number, subject))
        tests = [test for test in self.tests if test.todo in closed and test.id in passed and test.id not in known]
        self.withheld = frozenset(test.id for test in tests)
        unearned = {test.id: test.report(Outcome(Verdict.FAILED, UNEARNED)) for test in tests}
        return [
            unearned[result.id].model_copy(update={"cpu_seconds": result.cpu_seconds})
            if result.id in unearned
            else result
            for result in results
        ]

    def _run_round(self, gate: HiddenTest, number: int, subject: SubmissionSession) -> BaseException | None:
        self.examination.round = number
        try:
            raised = self._run_test(gate, subject)
        finally:
            self.examination.round = 0
        if isinstance(raised, GraderFault):
            raise raised
        return raised

    def _judge(self, test: HiddenTest, subject: SubmissionSession) -> Outcome:
        raised = self._run_test(test, subject)
        if _overran(raised) and test.todo not in self._endless:
            # CPU time is only as steady as the machine: where a host takes memory away, a touched page may cost a
            # thousand times more. What a machine's hiccup overran passes now; what overruns again is endless.
            raised = self._run_test(test, subject)
            self._endless |= {test.todo} if _overran(raised) else set()
        if raised is None:
            return Outcome(Verdict.PASSED)
        if isinstance(raised, GraderFault):
            raise raised
        if isinstance(raised, SubmissionError):
            return Outcome(raised.verdict, raised.message or MEANINGS[raised.verdict].en, raised.hint)
        if isinstance(raised, Mismatch):
            return Outcome(Verdict.FAILED, raised.message, raised.hint)
        if isinstance(raised, AssertionError):
            return Outcome(Verdict.FAILED, _first_line(raised))
        return self._ask_again(test, raised)

    def _ask_again(self, test: HiddenTest, raised: BaseException) -> Outcome:
        # The test itself stumbled. If it also stumbles over the reference it is broken; if not, over this reply.
        with_reference = self._run_test(test, self._open_reference_subject())
        if with_reference is None:
            text = f"the test could not use what was returned ({type(raised).__name__}: {_first_line(raised)})"
            return Outcome(Verdict.FAILED, text)
        return Outcome(Verdict.GRADER_FAULT, f"{test.id}: {type(raised).__name__}: {_first_line(raised)}")

    def _run_test(self, test: HiddenTest, subject: SubmissionSession) -> BaseException | None:
        self.examination.subject = subject
        self.recorder.raised = None
        # Everything is torn down after each test: which one comes next depends on policies, repetitions and faults.
        runtestprotocol(test.item, log=False, nextitem=None)
        if isinstance(self.recorder.raised, Unrecorded):
            return self._run_test(test, subject)  # which is live this time
        return self.recorder.raised

    def _open_reference_subject(self) -> SubmissionSession:
        solution = read_submission(self.assignment.solution, module=self.assignment.module)
        return SubmissionSession(solution, self.assignment, InProcessChannel(), {"cpu", self.examination.device})

    def _collect(self, folder: Path) -> list[HiddenTest]:
        if not folder.is_dir():
            raise BrokenSuite(f"no hidden tests at {folder}")
        _forget_namesakes(folder)
        # No conftest.py above the hidden tests: whatever lies around there is not part of what is digested.
        arguments = [*ARGUMENTS, *PLUGINS, f"--confcutdir={folder}", str(folder)]
        config = _prepareconfig(arguments, [self.recorder])
        config._do_configure()
        config.stash[EXAMINATION] = self.examination
        self.session = pytest.Session.from_config(config)
        config.hook.pytest_sessionstart(session=self.session)
        try:
            items = self.session.perform_collect()
        except pytest.UsageError as error:
            raise BrokenSuite(f"{folder}: {error}") from error
        tests = [_describe_test(item) for item in items]
        if self.session.testsfailed or not tests:
            raise BrokenSuite(f"{folder}: the tests cannot be collected; run `pytest --collect-only {folder}`")
        return tests


def _forget_namesakes(folder: Path) -> None:
    # Hidden tests import their neighbours by plain names (`cases`, `standins`), which every assignment has.
    for path in folder.glob("*.py"):
        module = sys.modules.get(path.stem)
        if module is not None and Path(module.__file__ or "").parent != folder:
            del sys.modules[path.stem]
    # pytest puts the folder first, unless it is there already.
    sys.path[:] = [entry for entry in sys.path if entry != str(folder)]


def prepare_device(device: Device) -> None:
    """Make the virtual device known to this process, used or not: it is too late after the first backward."""
    if not device.is_cuda:
        set_up_virtual_device()


def _leave_out_gpu(tests: Sequence[HiddenTest]) -> list[HiddenTest]:
    """The others, each TODO's points given to them in proportion to what they are worth."""
    kept = [test for test in tests if test.category != "gpu"]
    whole, others = _add_points(tests), _add_points(kept)
    return [replace(test, points=test.points * whole[test.todo] / others[test.todo]) for test in kept]


def _add_points(tests: Sequence[HiddenTest]) -> Mapping[str, float]:
    points: dict[str, float] = defaultdict(float)
    for test in tests:
        points[test.todo] += test.points
    return points


def _overran(raised: BaseException | None) -> bool:
    return isinstance(raised, SubmissionError) and raised.verdict is Verdict.TIMED_OUT


def _describe_test(item: pytest.Item) -> HiddenTest:
    mark = next(item.iter_markers("todo"), None)
    categories = [name for name in CATEGORIES if item.get_closest_marker(name)]
    points = mark.kwargs.get("points") if mark else None
    if len(categories) != 1 or not isinstance(points, (int, float)):
        raise BrokenSuite(f"{item.nodeid}: mark it with one category of {CATEGORIES} and with a TODO and its points")
    visibility = item.get_closest_marker("visibility")
    return HiddenTest(
        item=item,
        id=make_test_id(item),
        todo=find_todo_id(item),
        category=cast(Category, categories[0]),
        points=float(points),
        visibility=cast(Visibility, visibility.args[0] if visibility else "after_due"),
        is_gate=item.get_closest_marker("gate") is not None,
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
