"""An assignment's hidden tests: collected once, run for every submission.

pytest collects the tests, makes the fixtures and runs; this module decides what an outcome means.
"""

import importlib
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.examiner.examination import (
    EXAMINATION,
    Examination,
    list_marks,
    make_test_id,
    prepare_torch,
    read_sentence,
)
from grader.examiner.foresight import Foresight
from grader.examiner.gate import UNEARNED, find_unearned
from grader.examiner.inspector import inspect_submission
from grader.examiner.loops import find_loop
from grader.examiner.outside_names import describe_outside
from grader.examiner.pytest_adapter import Recorder, first_line, judge, open_session
from grader.examiner.replay import Unrecorded
from grader.examiner.session import SubmissionSession
from grader.examiner.source_findings import Inspection, forbid_use, read_rules
from grader.examiner.stumbles import explain_stumble
from grader.examiner.time_limit import run_in_time
from grader.intake import read_submission
from grader.model.assignment import Assignment
from grader.model.devices import VIRTUAL, Device
from grader.model.digests import digest_suite
from grader.model.errors import BrokenSuite, GraderFault
from grader.model.marks import Category, Visibility, read_marks
from grader.model.report import CheckResult
from grader.model.submission import Submission
from grader.model.verdict import MEANINGS, Outcome, SubmissionError, Verdict
from grader.sandbox.in_process import InProcessChannel

if TYPE_CHECKING:
    from grader.sandbox.channel import Channel
    from grader.sandbox.isolation import Isolation

# Tests of one TODO that may have to be stopped. Then its code is endless, and its other tests do not run: a class must
# not wait.
MAX_OVERRUNS = 2
NOT_RUN = "not run: two other tests of this TODO did not finish in time"

ARGUMENTS = ["-c", "/dev/null", "--assert=plain", "--capture=no", "-p", "grader.examiner.plugin"]


@dataclass(frozen=True)
class HiddenTest:
    """One collected test and its marks."""

    item: pytest.Item
    id: str
    todo: str
    category: Category
    weight: float
    visibility: Visibility
    is_gate: bool = False
    points: float = 0.0  # its share of the TODO's, among all tests that count

    @property
    def name(self) -> str:
        """Return its docstring: a sentence that a student may read."""
        return read_sentence(self.item, default=self.id)

    def report(self, outcome: Outcome, *, cpu_seconds: float = 0.0, near_time_limit: bool = False) -> CheckResult:
        """Return its line in the report."""
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
            cause=outcome.cause,
            place=outcome.place,
            shapes=outcome.shapes,
            visibility=self.visibility,
            cpu_seconds=cpu_seconds,
            near_time_limit=near_time_limit,
        )

    def repeat(self, result: CheckResult) -> CheckResult:
        """Return its line from an earlier report, with the points that it has now."""
        outcome = Outcome(result.status, result.message, result.hint, result.cause, result.place, result.shapes)
        return self.report(outcome, cpu_seconds=result.cpu_seconds, near_time_limit=result.near_time_limit)


class Suite:
    """The hidden tests of one assignment."""

    def __init__(self, assignment: Assignment, secret: bytes, device: Device = VIRTUAL) -> None:
        """Collect them. Raises BrokenSuite if they cannot be collected or a TODO has none that counts."""
        if assignment.uses_torch:
            prepare_torch(device)
        self.assignment = assignment
        self.recorder = Recorder()
        self.examination = Examination(assignment, secret, device=device.name)
        self.tests = self._collect(assignment.hidden_tests)
        if "torch" in sys.modules and not assignment.uses_torch:
            prepare_torch(device)  # the tests themselves use it
        self.lacks_gpu = assignment.gpu_policy == "require" and not device.is_cuda
        if assignment.gpu_policy == "skip":
            self.tests = [test for test in self.tests if test.category != "gpu"]
        points = assignment.share_points([(test.todo, test.weight) for test in self.tests])
        self.tests = [replace(test, points=share) for test, share in zip(self.tests, points, strict=True)]
        self.digest = digest_suite(assignment)
        self.foresight = Foresight()
        self.withheld: frozenset[str] = frozenset()  # tests of the last run that passed and do not count

    def inspect(self, submission: Submission, isolation: "Isolation | None") -> Inspection:
        """Return the findings in a submission's source; without isolation, in this process, as for code of our own.

        Raises SubmissionRefused where to inspect it takes too much, and BrokenSuite as `open_session` does.
        """
        rules = read_rules(self.assignment, sorted(self.examination.load_signatures()))
        if isolation is None:
            from grader.examiner.inspection import inspect_source  # of a class, the wall does it

            return inspect_source(submission.source, rules)
        return inspect_submission(submission, rules, isolation)

    def open_session(
        self, submission: Submission, channel: "Channel", inspection: Inspection | None = None
    ) -> SubmissionSession:
        """Return a submission as the suite's tests see it. Code of our own needs no `inspection` before.

        Raises BrokenSuite if the solution cannot be imported.
        """
        return SubmissionSession(
            submission,
            self.assignment,
            channel,
            devices={"cpu", self.examination.device},
            signatures=self.examination.load_signatures(),
            inspection=inspection or self.inspect(submission, None),
        )

    def run(self, session: SubmissionSession, kept: Sequence[CheckResult] = ()) -> list[CheckResult]:
        """Run every test for one submission, except those whose earlier result is `kept`. Raises GraderFault if the
        examiner cannot go on."""
        known = {result.id: result for result in kept}
        overruns = Counter(result.todo for result in kept if _was_stopped(result))
        forbidden = session.inspection.uses
        results = {}
        for test in self._order_by_todo(self.tests):
            if test.todo in forbidden:
                results[test.id] = test.report(forbid_use(forbidden[test.todo], session.submission))
            elif test.id in known:
                results[test.id] = test.repeat(known[test.id])
            elif self.lacks_gpu and test.category == "gpu":
                results[test.id] = test.report(Outcome(Verdict.PENDING, MEANINGS[Verdict.PENDING].en))
            elif overruns[test.todo] >= MAX_OVERRUNS:
                results[test.id] = test.report(Outcome(Verdict.TIMED_OUT, NOT_RUN, cause="follows"))
            else:
                results[test.id] = self._run(test, session, overruns)
        return self._withhold_unearned([results[test.id] for test in self.tests], session, known)

    def find_failure(
        self, session: SubmissionSession, tests: Sequence[HiddenTest], *, round_number: int = 0
    ) -> HiddenTest | None:
        """Run tests until one does not pass, and return it. Each round has other inputs. Raises GraderFault."""
        for test in tests:
            raised = self._run_test(test, session, round_number=round_number)
            if isinstance(raised, GraderFault):
                raise raised
            if raised is not None:
                return test
        return None

    def _order_by_todo(self, tests: Sequence[HiddenTest]) -> list[HiddenTest]:
        # A stand-in for an earlier TODO may be a right answer to it. A submission that keeps one has it too late.
        places = {todo.id: place for place, todo in enumerate(self.assignment.todos)}
        return sorted(tests, key=lambda test: places[test.todo])

    def _withhold_unearned(
        self, results: list[CheckResult], session: SubmissionSession, known: Mapping[str, CheckResult]
    ) -> list[CheckResult]:
        passed = {result.id for result in results if result.status is Verdict.PASSED}
        at_stake = {test.todo for test in self.tests if test.id in passed and test.id not in known}
        gates = self._order_by_todo([test for test in self.tests if test.is_gate and test.todo in at_stake])
        if any(gate.id not in passed for gate in gates):
            session.channel.close()  # the next round starts a child that has not seen any stand-in
        closed = find_unearned(gates, passed, lambda gate, number: self._run_round(gate, number, session))
        tests = [test for test in self.tests if test.todo in closed and test.id in passed and test.id not in known]
        self.withheld = frozenset(test.id for test in tests)
        unearned = {test.id: test.report(Outcome(Verdict.FAILED, UNEARNED, cause="follows")) for test in tests}
        return [
            unearned[result.id].model_copy(
                update={"cpu_seconds": result.cpu_seconds, "near_time_limit": result.near_time_limit}
            )
            if result.id in unearned
            else result
            for result in results
        ]

    def _run_round(self, gate: HiddenTest, number: int, session: SubmissionSession) -> BaseException | None:
        raised = self._run_test(gate, session, round_number=number)
        if isinstance(raised, GraderFault):
            raise raised
        return raised

    def _run(self, test: HiddenTest, session: SubmissionSession, overruns: Counter[str]) -> CheckResult:
        """Run a test and report it. `overruns` counts the tests of each TODO that had to be stopped."""
        timed = run_in_time(
            lambda: self._run_test(test, session),
            session.channel,
            self.assignment.limits,
            is_first_overrun=not overruns[test.todo],
        )
        overruns[test.todo] += timed.is_endless
        seconds = round(session.channel.read_cpu_seconds(), 4)
        outcome = self._judge(test, session, timed.raised)
        return test.report(outcome, cpu_seconds=seconds, near_time_limit=timed.is_grey)

    def _judge(self, test: HiddenTest, session: SubmissionSession, raised: BaseException | None) -> Outcome:
        if isinstance(raised, GraderFault):
            raise raised
        outcome = judge(raised)
        if outcome is None:
            # The test itself stumbled. If it also stumbles over the reference it is broken; if not, over this reply.
            what = f"{type(raised).__name__}: {first_line(raised)}" if raised else ""
            solution = read_submission(self.assignment.solution, module=self.assignment.module)
            reference = self.open_session(solution, InProcessChannel())
            # Under the same seed: the test may stumble over these inputs only.
            if self._run_test(test, reference, seeded_as=session.submission.id) is None:
                return Outcome(Verdict.FAILED, explain_stumble(raised) if raised else what, cause="structure")
            return Outcome(Verdict.GRADER_FAULT, f"{test.id}: {what}")
        outside = session.inspection.outside.get(test.todo)
        if outcome.verdict is Verdict.FAILED and outside and not outcome.hint:
            place = session.submission.locate(outside.line).describe()
            return replace(outcome, hint=describe_outside(outside.name, place), place=place)
        if not isinstance(raised, SubmissionError):
            return outcome
        [todo] = [todo for todo in self.assignment.todos if todo.id == test.todo]
        line = session.inspection.find_line(todo, raised.lines)
        if outcome.verdict is Verdict.TIMED_OUT:
            line = find_loop(session.submission.source, line)
        place = session.submission.locate(line).describe() if line else ""
        return replace(outcome, message=outcome.message or MEANINGS[outcome.verdict].en, place=place)

    def _run_test(
        self, test: HiddenTest, session: SubmissionSession, *, round_number: int = 0, seeded_as: str = ""
    ) -> BaseException | None:
        self.examination.examine(session, round_number=round_number, seeded_as=seeded_as)
        if round_number:
            raised = self.recorder.run(test.item)  # likeness is measured while it runs
        else:
            name = f"{self.examination.choose_draw()} {test.id}"
            raised = self.foresight.run(name, test.todo, session, lambda: self.recorder.run(test.item))
        # Replies that are not recorded are live the second time, and what made this TODO raise from outside is filled.
        if isinstance(raised, Unrecorded) or session.fill_neighbours(test.todo, raised):
            return self._run_test(test, session, round_number=round_number, seeded_as=seeded_as)
        return raised

    def _collect(self, folder: Path) -> list[HiddenTest]:
        if not folder.is_dir():
            raise BrokenSuite(f"no hidden tests at {folder}")
        # Hidden tests import their neighbours by plain names (`cases`, `standins`), which every assignment has. Those
        # of this folder may have changed.
        for path in folder.glob("*.py"):
            sys.modules.pop(path.stem, None)
        importlib.invalidate_caches()
        # pytest puts the folder first, unless it is there already.
        sys.path[:] = [entry for entry in sys.path if entry != str(folder)]
        # No conftest.py above the hidden tests: the suite's digest does not cover it.
        session = open_session([*ARGUMENTS, f"--confcutdir={folder}", str(folder)], [self.recorder])
        session.config.stash[EXAMINATION] = self.examination
        try:
            items = session.perform_collect()
        except pytest.UsageError as error:
            raise BrokenSuite(f"{folder}: {error}") from error
        tests = []
        for item in items:
            file, line, _ = item.location
            marks = read_marks(list_marks(item), where=f"{file}:{(line or 0) + 1}: {item.name}")
            test = HiddenTest(
                item=item,
                id=make_test_id(item),
                todo=marks.todo,
                category=marks.category,
                weight=marks.weight,
                visibility=marks.visibility,
                is_gate=marks.is_gate,
            )
            tests.append(test)
        if session.testsfailed or not tests:
            reason = self.recorder.uncollected or "there is no test in it"
            raise BrokenSuite(f"{folder}: the tests cannot be collected: {reason}")
        return tests


def _was_stopped(result: CheckResult) -> bool:
    return result.status is Verdict.TIMED_OUT and not result.near_time_limit
