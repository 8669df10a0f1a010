"""Is a hidden suite worth trusting? Every known right and wrong variant is graded, and every test must earn its place.

`tests_hidden/README.md` tells of the corpus.
"""

import ast
import os
import sys
import tempfile
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from pydantic import TypeAdapter, model_validator
from rich.text import Text

from grader.authoring.author_mistakes import list_mistakes
from grader.authoring.null_answers import NullResult, grade_null_answers
from grader.authoring.raising_answers import find_costly_answers
from grader.authoring.release import render_skeleton
from grader.authoring.trial_mistakes import find_trial_mistakes
from grader.grading.worker import Job, Worker
from grader.model.assignment import Assignment, Frozen
from grader.model.errors import BrokenSuite
from grader.model.report import GradeReport
from grader.model.verdict import Outcome, Verdict
from grader.reporting.terminal import make_console

LEAST_VARIANTS = 2
ROUNDING = 0.005
FULL_PROMISE = (
    "right variants full, wrong ones lose their TODO only, null answers earn nothing, "
    "a TODO that raises costs no other, every test kills one"
)
QUICK_PROMISE = "right variants full, wrong ones lose their TODO only"
Share = tuple[float, float]


class VariantExpectation(Frozen):
    """The score that one variant must get: the TODOs that lose points, all others full."""

    loses: tuple[str, ...] = ()
    # Between which shares of its points each TODO that loses some must keep; for all of them where it is a pair.
    keeps: dict[str, Share] = {}
    mistake: str = ""
    note: str = ""
    # A text of the solution, and what stands there in the variant: in place of a file of the corpus.
    replace: tuple[str, str] | None = None
    standalone: bool = False
    confined: bool = False  # hangs, crashes or attacks: graded in the jail, as cheats always are

    @model_validator(mode="before")
    @classmethod
    def _spread_keeps(cls, data: dict[str, object]) -> dict[str, object]:
        keeps, loses = data.get("keeps"), data.get("loses", ())
        if isinstance(keeps, list) and isinstance(loses, list):
            return data | {"keeps": dict.fromkeys(loses, keeps)}
        return data

    @model_validator(mode="after")
    def _check_keeps(self) -> "VariantExpectation":
        strangers = sorted(self.keeps.keys() - set(self.loses))
        if strangers:
            raise ValueError(f"`keeps` names {', '.join(strangers)}, which is not among what it loses")
        if any(not 0 <= low <= high < 1 for low, high in self.keeps.values()):
            raise ValueError("`keeps` is two shares from 0 to below 1, the lower one first")
        return self

    @model_validator(mode="after")
    def _check_replace(self) -> "VariantExpectation":
        if self.replace and self.standalone:
            raise ValueError("`replace` changes the solution, and `standalone` leaves it out: use one of them")
        return self


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
        """Keep a complaint, and tell it at once: a whole corpus takes minutes."""
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


def choose_few(expectations: dict[str, VariantExpectation]) -> dict[str, VariantExpectation]:
    """Every right variant, and for each TODO the first wrong ones, as many as it must have."""
    counts: Counter[str] = Counter()
    chosen = {}
    for name, expectation in expectations.items():
        if name.startswith("right_") or any(counts[todo] < LEAST_VARIANTS for todo in expectation.loses):
            chosen[name] = expectation
            counts.update(expectation.loses)
    return chosen


def load_expectations(assignment: Assignment) -> dict[str, VariantExpectation]:
    """Return the entries of expected.toml: one for every file of the corpus, and those that replace a text instead.

    Raises BrokenSuite where files and entries differ, or a right variant only replaces a text.
    """
    folder = assignment.hidden_tests / "corpus"
    tables = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    tables.pop("survivors", None)  # of mutants, which are no files: `mutants.verification` reads them
    expectations = TypeAdapter(dict[str, VariantExpectation]).validate_python(tables)
    files = {path.stem for path in folder.glob("*.py")}
    filed = {name for name, expectation in expectations.items() if expectation.replace is None}
    if files != filed:
        raise BrokenSuite(f"{folder}: expected.toml and the files differ in {sorted(files ^ filed)}")
    for name in sorted(expectations.keys() - filed):
        if name.startswith("right_"):
            raise BrokenSuite(f"{folder / 'expected.toml'}: {name} uses `replace`; write a right variant as a file")
    return expectations


def build_source(assignment: Assignment, name: str, expectation: VariantExpectation) -> str:
    """Return the module of a variant. Raises BrokenSuite where the text to replace is not in the solution once."""
    corpus = assignment.hidden_tests / "corpus"
    solution = assignment.solution.read_text(encoding="utf-8")
    if expectation.replace is None:
        text = (corpus / f"{name}.py").read_text(encoding="utf-8")
        return text if expectation.standalone else f"{solution}\n\n{text}"
    old, new = expectation.replace
    count = solution.count(old) if old else 0
    if count != 1:
        raise BrokenSuite(
            f"{corpus / 'expected.toml'}: {name} replaces {old!r}, which must be in {assignment.solution.name} "
            f"exactly once and is there {count} times: copy more lines around it"
        )
    return solution.replace(old, new)


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
