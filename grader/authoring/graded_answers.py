"""Grade answers whose end is known: variants of the corpus, null answers and raising answers."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from grader.authoring.corpus import VariantExpectation
from grader.grading.job import Job
from grader.grading.worker import Worker
from grader.intake import read_submission
from grader.model.assignment import Assignment, Frozen
from grader.model.report import CheckResult, GradeReport
from grader.model.verdict import Outcome, Verdict

AnswerKind = Literal["right", "wrong", "cheat", "null", "mutant"]
KINDS: tuple[AnswerKind, ...] = ("right", "wrong", "cheat")
RIGHT, CHEAT = "right_", "cheat_"
ROUNDING = 0.005


class GradedAnswer(Frozen):
    """One answer: the TODOs that it gets wrong, the tests that found it, and the share of points that it keeps.

    `is_weighed` where its author has said which share that must be.
    """

    name: str
    kind: AnswerKind
    todos: tuple[str, ...]
    killed_by: tuple[str, ...] = ()
    keeps: dict[str, float] = {}
    is_weighed: bool = False
    note: str = ""


@dataclass
class AnswerGrader:
    """A worker that grades sources, and the CPU seconds of each test that passed on them without the jail."""

    worker: Worker
    folder: Path
    costs: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def grade(
        self, name: str, source: str, *, in_process: bool = False, todos: frozenset[str] | None = None
    ) -> GradeReport:
        """Grade a source; with `todos` only their tests, and all others count as passed."""
        others = [] if todos is None else [test for test in self.worker.suite.tests if test.todo not in todos]
        kept = tuple(test.report(Outcome(Verdict.PASSED)) for test in others)
        report = self.grade_rest(name, source, kept, in_process=in_process)
        for test in report.tests if in_process else ():
            if test.status is Verdict.PASSED and (todos is None or test.todo in todos):
                self.costs[test.id].append(test.cpu_seconds)
        return report

    def grade_rest(
        self, name: str, source: str, kept: tuple[CheckResult, ...], *, in_process: bool = False
    ) -> GradeReport:
        """Grade a source by the tests whose results are not `kept`."""
        path = self.folder / name / self.worker.assignment.module
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
        module, defines = self.worker.assignment.module, self.worker.assignment.defines
        # What runs without the jail may be read without it, too.
        submission = read_submission(path, module=module, defines=defines) if in_process else None
        return self.worker.grade(Job(path, student=name, kept=kept, submission=submission), in_process=in_process)

    def grade_in_process(self, name: str, source: str) -> GradeReport:
        """Grade a source of our own without the jail."""
        return self.grade(name, source, in_process=True)

    def grade_todos(self, name: str, source: str, todos: frozenset[str]) -> GradeReport:
        """Grade some TODOs of a source of our own; all others count as passed."""
        return self.grade(name, source, in_process=True, todos=todos)


def judge_whole(assignment: Assignment) -> Assignment:
    """Return the assignment as its suite is verified: every test counts, and each grading has inputs of its own."""
    # Whatever the course does where there is no GPU. And what a null answer returned before must not be right again.
    description = assignment.description.model_copy(update={"gpu_policy": "virtual", "draws": 1 << 31})
    return assignment.model_copy(update={"description": description})


def needs_jail(name: str, expectation: VariantExpectation) -> bool:
    """Tell whether a variant may do harm in this process. The corpus is our own code, and the jail takes time."""
    return expectation.confined or name.startswith(CHEAT)


def list_killers(report: GradeReport) -> tuple[str, ...]:
    """Return the tests that found something wrong themselves, without those that only follow another one."""
    return tuple(test.id for test in report.tests if test.status is not Verdict.PASSED and test.cause != "follows")


def describe_answer(name: str, expectation: VariantExpectation, report: GradeReport) -> GradedAnswer:
    """Return how a variant of the corpus was judged."""
    kind: AnswerKind = next((kind for kind in KINDS if name.startswith(kind)), "wrong")
    shares = {todo.id: round(todo.score / todo.max_score, 4) for todo in report.todos if todo.id in expectation.loses}
    return GradedAnswer(
        name=name,
        kind=kind,
        todos=expectation.loses,
        killed_by=list_killers(report),
        keeps=shares,
        is_weighed=bool(expectation.keeps),
        note=expectation.note or expectation.mistake,
    )


def find_disagreements(name: str, expectation: VariantExpectation, report: GradeReport) -> Iterator[str]:
    """Complain where a variant loses or keeps something else than its author expects."""
    losing = {todo.id for todo in report.todos if todo.score < todo.max_score}
    if losing != set(expectation.loses) or report.status != "graded":
        yield (
            f"{name} must lose {sorted(expectation.loses)} and loses {sorted(losing)} ({report.status}): "
            f"{explain(report)}"
        )
    for todo in report.todos:
        low, high = expectation.keeps.get(todo.id, (0.0, 1.0))
        if not low - ROUNDING <= todo.score / todo.max_score <= high + ROUNDING:
            yield f"{name} must keep {low:g} to {high:g} of {todo.id} and keeps {todo.score / todo.max_score:.2f}"


def list_answered(assignment: Assignment, text: str) -> frozenset[str]:
    """Return the TODOs that the text of a variant defines: a name alone may stand in a comment, or be called."""
    own = {getattr(node, "name", "") for node in ast.parse(text).body}
    return frozenset(todo.id for todo in assignment.todos if any(place.split(".")[0] in own for place in todo.where))


def explain(report: GradeReport) -> str:
    """Return the first tests that did not pass, with their messages."""
    troubles = [f"{test.id} {test.status}: {test.message}" for test in report.tests if test.status != "passed"]
    return "; ".join(troubles[:4])
