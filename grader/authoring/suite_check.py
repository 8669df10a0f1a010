"""Check whether a hidden suite can be trusted: grade every known right and wrong variant of its corpus."""

import ast
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from rich.text import Text

from grader.authoring.author_mistakes import list_mistakes
from grader.authoring.corpus import LEAST_VARIANTS, VariantExpectation, build_source, choose_few, load_expectations
from grader.authoring.null_answers import NullResult, grade_null_answers
from grader.authoring.raising_answers import find_costly_answers
from grader.authoring.release import render_skeleton
from grader.authoring.trial_mistakes import find_trial_mistakes
from grader.grading.job import Job
from grader.grading.worker import Worker
from grader.model.assignment import Assignment
from grader.model.report import GradeReport
from grader.model.verdict import Outcome, Verdict
from grader.reporting.terminal import make_console

ROUNDING = 0.005
FULL_PROMISE = (
    "right variants full, wrong ones lose their TODO only, null answers earn nothing, "
    "a TODO that raises costs no other, every test kills one"
)
QUICK_PROMISE = "right variants full, wrong ones lose their TODO only"


@dataclass
class Verification:
    """The findings about one suite; `complaints` is empty where it can be trusted."""

    assignment: Assignment
    tests: int = 0
    right: dict[str, set[str]] = field(default_factory=dict)
    wrong: dict[str, set[str]] = field(default_factory=dict)
    nulls: list[NullResult] = field(default_factory=list)
    killers: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    tell: Callable[[str], None] = lambda complaint: None

    def complain(self, complaint: str) -> None:
        """Keep a complaint, and report it at once: a whole corpus takes minutes."""
        self.complaints.append(complaint)
        self.tell(complaint)


def print_verifications(assignments: Sequence[Assignment], isolation: str, *, quick: bool = False) -> bool:
    """Verify suites, on every core one, and print what was found. True where nothing is wrong."""
    # Fresh processes: what was forked from one with torch's threads in it could not start a zygote.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), initializer=divert_output) as pool:
        verify = partial(print_verification, isolation=isolation, quick=quick)
        return all(list(pool.map(verify, assignments)))


def divert_output() -> None:
    """Keep what libraries write on descriptor 1 off the terminal."""
    # tokenizers draws its bars on descriptor 1 itself, an empty line each where that is no terminal.
    sys.stdout = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def print_verification(assignment: Assignment, isolation: str, *, quick: bool = False) -> bool:
    """Verify one suite and print what was found. True where nothing is wrong."""
    console = make_console()
    name = assignment.name
    mistakes = list_mistakes(assignment)
    for mistake in mistakes:
        console.print(Text(f"{name}: {mistake.describe(assignment.root)}", style="red"))
    if mistakes:
        return False
    found = verify_suite(
        assignment,
        isolation,
        quick=quick,
        tell=lambda complaint: console.print(Text(f"{name}: {complaint}", style="red")),
    )
    graded = (
        f"{found.tests} hidden tests, {len(found.right)} right and {len(found.wrong)} wrong variants, "
        f"{len(found.nulls)} null answers"
    )
    promise = f"{QUICK_PROMISE} (a part of the corpus)" if quick else FULL_PROMISE
    verdict = f"{len(found.complaints)} complaints" if found.complaints else f"clean: {promise}"
    console.print(Text(f"{name}: {graded}: {verdict}", "red" if found.complaints else "green"))
    return not found.complaints


def verify_suite(
    assignment: Assignment,
    isolation: str | None = None,
    *,
    quick: bool = False,
    tell: Callable[[str], None] = lambda complaint: None,
) -> Verification:
    """Grade the reference, the skeleton and the corpus; with `quick`, as few wrong variants as each TODO needs."""
    found = Verification(assignment, tell=tell)
    expectations = load_expectations(assignment)
    chosen = choose_few(expectations) if quick else expectations
    solution = assignment.solution.read_text(encoding="utf-8")
    sources = {name: build_source(assignment, name, expectation) for name, expectation in expectations.items()}
    # The suite is judged whole, whatever the course does where there is no GPU. And each grading has inputs of its own:
    # what a null answer returned before must not be the right answer.
    description = assignment.description.model_copy(update={"gpu_policy": "virtual", "draws": 1 << 31})
    assignment = assignment.model_copy(update={"description": description})
    with (
        Worker(assignment, isolation=isolation) as worker,
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(action="ignore"),  # torch has a lot to say of wrong code, and that is what it is
    ):
        found.tests = len(worker.suite.tests)
        grader = _VariantGrader(worker, Path(folder))
        report = grader.grade("reference", solution)
        if report.score != report.max_score:
            found.complain(f"the reference scores {report.score:g} of {report.max_score:g}: {_explain(report)}")
            return found  # whatever else is graded would only say it again
        for complaint in () if quick else find_trial_mistakes(assignment, grader.grade_in_process):
            found.complain(complaint)
        report = grader.grade("skeleton", render_skeleton(solution), in_process=True)
        filled = [f"{test.id} {test.status}" for test in report.tests if test.status is not Verdict.UNFILLED]
        if report.score or filled:
            found.complain(f"the skeleton scores {report.score:g}, not unfilled: {', '.join(filled)}")
        for name, expectation in chosen.items():
            # The corpus is our own code. Without the jail it is graded by the same tests in a fraction of the time.
            confined = expectation.confined or name.startswith("cheat_")
            report = grader.grade(name, sources[name], in_process=not confined)
            _check_variant(found, name, expectation, report, sources[name].removeprefix(solution))
            if not name.startswith("right_"):
                lost = {test.id for test in report.tests if test.status is not Verdict.PASSED}
                # A test that a gate kept from counting has found nothing itself.
                found.killers |= lost - worker.suite.withheld
        for null in () if quick else grade_null_answers(assignment, grader.grade_todos):
            found.nulls.append(null)
            if null.complaint:
                found.complain(null.complaint)
        for complaint in () if quick else find_costly_answers(assignment, grader.grade_todos):
            found.complain(complaint)
        idle = [test.id for test in worker.suite.tests if test.id not in found.killers and not quick]
    for complaint in [*(f"{test} kills no wrong variant" for test in idle), *_find_thin_todos(found)]:
        found.complain(complaint)
    return found


@dataclass(frozen=True)
class _VariantGrader:
    worker: Worker
    folder: Path

    def grade(
        self, name: str, source: str, *, in_process: bool = False, todos: frozenset[str] | None = None
    ) -> GradeReport:
        path = self.folder / name / self.worker.assignment.module
        path.parent.mkdir()
        path.write_text(source, encoding="utf-8")
        others = [] if todos is None else [test for test in self.worker.suite.tests if test.todo not in todos]
        kept = tuple(test.report(Outcome(Verdict.PASSED)) for test in others)
        return self.worker.grade(Job(path, student=name, kept=kept), in_process=in_process)

    def grade_in_process(self, name: str, source: str) -> GradeReport:
        """Grade a source of our own without the jail."""
        return self.grade(name, source, in_process=True)

    def grade_todos(self, name: str, source: str, todos: frozenset[str]) -> GradeReport:
        """Grade some TODOs of a source of our own; all others count as passed."""
        return self.grade(name, source, in_process=True, todos=todos)


def _check_variant(
    found: Verification, name: str, expectation: VariantExpectation, report: GradeReport, text: str
) -> None:
    losing = {todo.id for todo in report.todos if todo.score < todo.max_score}
    if losing != set(expectation.loses) or report.status != "graded":
        found.complain(
            f"{name} must lose {sorted(expectation.loses)} and loses {sorted(losing)} ({report.status}): "
            f"{_explain(report)}"
        )
    for todo in report.todos:
        low, high = expectation.keeps.get(todo.id, (0.0, 1.0))
        if not low - ROUNDING <= todo.score / todo.max_score <= high + ROUNDING:
            found.complain(
                f"{name} must keep {low:g} to {high:g} of {todo.id} and keeps {todo.score / todo.max_score:.2f}"
            )
    if name.startswith("right_"):
        # Only what it defines itself: the name alone may stand in a comment, or be called.
        own = {getattr(node, "name", "") for node in ast.parse(text).body}
        found.right[name] = {
            todo.id for todo in found.assignment.todos if any(place.split(".")[0] in own for place in todo.where)
        }
    else:
        found.wrong[name] = set(expectation.loses)


def _find_thin_todos(found: Verification) -> Iterator[str]:
    for todo in found.assignment.todos:
        for kind, variants in (("right", found.right), ("wrong", found.wrong)):
            count = sum(todo.id in todos for todos in variants.values())
            if count < LEAST_VARIANTS:
                yield f"{todo.id}: {count} {kind} variants, at least {LEAST_VARIANTS} are needed"


def _explain(report: GradeReport) -> str:
    troubles = [f"{test.id} {test.status}: {test.message}" for test in report.tests if test.status != "passed"]
    return "; ".join(troubles[:4])
