"""Check whether a hidden suite can be trusted: grade every known right and wrong variant of its corpus."""

import os
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rich.text import Text

from grader.authoring.author_mistakes import list_mistakes
from grader.authoring.corpus import LEAST_VARIANTS, build_source, choose_few, load_expectations
from grader.authoring.graded_answers import (
    RIGHT,
    AnswerGrader,
    GradedAnswer,
    describe_answer,
    explain,
    find_disagreements,
    judge_whole,
    list_answered,
    needs_jail,
)
from grader.authoring.null_answers import NullResult, grade_null_answers
from grader.authoring.raising_answers import find_costly_answers
from grader.authoring.release import render_skeleton
from grader.authoring.suite_report import CorpusPart, JudgedTest, write_report
from grader.authoring.trial_mistakes import find_trial_mistakes
from grader.grading.worker import Worker
from grader.model.assignment import Assignment
from grader.model.verdict import Verdict
from grader.reporting.console import make_console

if TYPE_CHECKING:
    from grader.examiner.suite import HiddenTest

FULL_PROMISE = (
    "right variants full, wrong ones lose their TODO only, null answers earn nothing, "
    "a TODO that raises costs no other, every test kills one"
)
QUICK_PROMISE = "right variants full, wrong ones lose their TODO only"


@dataclass
class Verification:
    """The findings about one suite; `complaints` is empty where it can be trusted."""

    assignment: Assignment
    tests: Sequence["HiddenTest"] = ()
    right: dict[str, frozenset[str]] = field(default_factory=dict)
    answers: list[GradedAnswer] = field(default_factory=list)
    nulls: list[NullResult] = field(default_factory=list)
    costs: Mapping[str, Sequence[float]] = field(default_factory=lambda: defaultdict(list))
    complaints: list[str] = field(default_factory=list)
    tell: Callable[[str], None] = lambda complaint: None

    @property
    def wrong(self) -> list[GradedAnswer]:
        """Return the variants that must lose something."""
        return [answer for answer in self.answers if answer.kind != "right"]

    @property
    def killers(self) -> set[str]:
        """Return the tests that a wrong variant fails."""
        return {test for answer in self.wrong for test in answer.killed_by}

    def describe(self, *, is_whole: bool) -> CorpusPart:
        """Return the part of the suite's report that was found here."""
        nulls = [
            GradedAnswer(
                name=f"{null.kind} for {null.todo}",
                kind="null",
                todos=(null.todo,),
                killed_by=null.killed_by,
                keeps={null.todo: round(null.score / null.max_score, 4)},
            )
            for null in self.nulls
        ]
        return CorpusPart(
            is_whole=is_whole,
            answers=(*self.answers, *nulls),
            cpu_seconds={test: round(median(seconds), 5) for test, seconds in self.costs.items()},
            complaints=tuple(self.complaints),
        )

    def complain(self, complaint: str) -> None:
        """Keep a complaint, and report it at once: a whole corpus takes minutes."""
        self.complaints.append(complaint)
        self.tell(complaint)


def print_verifications(
    assignments: Sequence[Assignment], isolation: str, *, quick: bool = False, report: Path | None = None
) -> bool:
    """Verify suites, on every core one, and print what was found. True where nothing is wrong.

    Writes a page and JSON for each into the folder `report`.
    """
    with open_pool(assignments[0].root) as pool:
        verify = partial(print_verification, isolation=isolation, quick=quick, report=report)
        return all(list(pool.map(verify, assignments)))


def open_pool(course: Path) -> ProcessPoolExecutor:
    """Return a process for every core, which may run the course's solutions.

    They are fresh ones: what was forked from one with torch's threads in it could not start a zygote.
    """
    return ProcessPoolExecutor(
        os.cpu_count(), mp_context=get_context("spawn"), initializer=_prepare_process, initargs=(course,)
    )


def _prepare_process(course: Path) -> None:
    # Models come from the course alone, as for a submission: a mutant may ask for one that a test would have replaced.
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_CACHE=str(course / "datasets" / "hub"), TQDM_DISABLE="1")
    # tokenizers draws its bars on descriptor 1 itself, an empty line each where that is no terminal.
    sys.stdout = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def print_verification(
    assignment: Assignment, isolation: str, *, quick: bool = False, report: Path | None = None
) -> bool:
    """Verify one suite, print what was found, and write it into the folder `report`. True where nothing is wrong."""
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
        f"{len(found.tests)} hidden tests, {len(found.right)} right and {len(found.wrong)} wrong variants, "
        f"{len(found.nulls)} null answers"
    )
    promise = f"{QUICK_PROMISE} (a part of the corpus)" if quick else FULL_PROMISE
    verdict = f"{len(found.complaints)} complaints" if found.complaints else f"clean: {promise}"
    console.print(Text(f"{name}: {graded}: {verdict}", "red" if found.complaints else "green"))
    if report is not None:
        written = write_report(
            report, assignment, list(map(JudgedTest.describe, found.tests)), corpus=found.describe(is_whole=not quick)
        )
        console.print(Text(f"{name}: wrote {' and '.join(map(str, written))}"))
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
    assignment = judge_whole(assignment)
    with (
        Worker(assignment, isolation=isolation) as worker,
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(action="ignore"),  # torch has a lot to say of wrong code, and that is what it is
    ):
        found.tests = worker.suite.tests
        grader = AnswerGrader(worker, Path(folder))
        found.costs = grader.costs
        report = grader.grade("reference", solution)
        if report.score != report.max_score:
            found.complain(f"the reference scores {report.score:g} of {report.max_score:g}: {explain(report)}")
            return found  # whatever else is graded would only say it again
        for complaint in () if quick else find_trial_mistakes(assignment, grader.grade_in_process):
            found.complain(complaint)
        report = grader.grade("skeleton", render_skeleton(solution), in_process=True)
        filled = [f"{test.id} {test.status}" for test in report.tests if test.status is not Verdict.UNFILLED]
        if report.score or filled:
            found.complain(f"the skeleton scores {report.score:g}, not unfilled: {', '.join(filled)}")
        for name, expectation in chosen.items():
            report = grader.grade(name, sources[name], in_process=not needs_jail(name, expectation))
            for complaint in find_disagreements(name, expectation, report):
                found.complain(complaint)
            found.answers.append(describe_answer(name, expectation, report))
            if name.startswith(RIGHT):
                found.right[name] = list_answered(assignment, sources[name].removeprefix(solution))
        for null in () if quick else grade_null_answers(assignment, grader.grade_todos):
            found.nulls.append(null)
            if null.complaint:
                found.complain(null.complaint)
        for complaint in () if quick else find_costly_answers(assignment, grader.grade_todos):
            found.complain(complaint)
    idle = [test.id for test in found.tests if test.id not in found.killers and not quick]
    for complaint in [*(f"{test} kills no wrong variant" for test in idle), *_find_thin_todos(found)]:
        found.complain(complaint)
    return found


def _find_thin_todos(found: Verification) -> Iterator[str]:
    for todo in found.assignment.todos:
        wrong = [answer.todos for answer in found.wrong]
        for kind, variants in (("right", list(found.right.values())), ("wrong", wrong)):
            count = sum(todo.id in todos for todos in variants)
            if count < LEAST_VARIANTS:
                needed = f"{todo.id}: {count} {kind} variants, at least {LEAST_VARIANTS} are needed"
                yield needed + (f": files that define {' or '.join(todo.where)}" if kind == "right" else "")
