"""Describe how a class did: scores, TODOs, hidden tests, and the mistakes that come up most often.

Difficulty is the mean share of the points, so 1 is easy. Discrimination is the corrected item-total correlation: how
well an item agrees with the rest of the score (Pearson's r between the item and the total without it). Both are those
of classical test theory. A report without a final score counts nowhere.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rich.table import Table
from rich.text import Text

from grader.classroom.time_to_solve import TimeToSolve, measure_time_to_solve
from grader.model.errors import UsageError
from grader.model.report import CheckResult, GradeReport
from grader.model.verdict import Verdict
from grader.reporting.console import make_console
from grader.reporting.safe_text import escape_control_characters

MOST_MISTAKES = 10
HISTOGRAM_BINS = 10
DIGITS = 4
# An item that weak students solve as often as strong ones says nothing about them; below 0 it misleads.
WEAK_DISCRIMINATION = 0.0


@dataclass(frozen=True)
class ScoreStatistics:
    """The scores of the class, out of `max_score`; `histogram` counts students in ten equal bins."""

    students: int
    mean: float
    deviation: float
    median: float
    lowest: float
    highest: float
    max_score: float
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class TodoStatistics:
    """One TODO. `discrimination` is None where nothing varies, `time_to_solve` where no attempts are known."""

    id: str
    title: str
    mean: float
    deviation: float
    max_score: float
    difficulty: float
    discrimination: float | None
    flags: tuple[str, ...]
    time_to_solve: TimeToSolve | None = None


@dataclass(frozen=True)
class TestStatistics:
    """One hidden test: the share of students that pass it, and how well it separates."""

    __test__ = False  # not a test class, although pytest would take it for one

    id: str
    todo: str
    name: str
    passing: float
    discrimination: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Mistake:
    """A message that several students got, with one of them as an example."""

    todo: str
    message: str
    count: int
    student: str


@dataclass(frozen=True)
class ClassStatistics:
    """A whole class. `points` holds each student's points for each TODO, in the order of `todos`."""

    assignment: str
    title: str
    without_score: tuple[str, ...]
    scores: ScoreStatistics
    todos: tuple[TodoStatistics, ...]
    tests: tuple[TestStatistics, ...]
    mistakes: tuple[Mistake, ...]
    points: tuple[tuple[str, tuple[float, ...]], ...]
    names: Mapping[str, str] = field(default_factory=dict)

    def label(self, student: str) -> str:
        """Return a student's name with the id, where there is a name to show."""
        name = self.names.get(student, "")
        return f"{name} ({student})" if name else student


def describe_class(
    reports: Sequence[GradeReport],
    attempts: Mapping[str, Sequence[GradeReport]] | None = None,
    *,
    anonymous: bool = False,
) -> ClassStatistics:
    """Return the statistics of one run's reports, and of the students' attempts where they are known.

    Raises UsageError where no report has a score.
    """
    final = [report for report in reports if report.status == "graded" and not report.excused]
    if not final:
        raise UsageError("no report of this run has a score: grade the class first")
    names = [report.submission.student for report in final]
    if anonymous:
        # In the order of the scores: the order of the names would tell who is who.
        order = sorted(range(len(final)), key=lambda index: (-final[index].score, final[index].submission.id))
        names = [f"student {order.index(index) + 1}" for index in range(len(final))]
    counted = {report.submission.student for report in final}
    times = measure_time_to_solve({student: made for student, made in (attempts or {}).items() if student in counted})
    totals = [sum(todo.score for todo in report.todos) for report in final]  # lateness says nothing about the items
    return ClassStatistics(
        assignment=final[0].assignment.name,
        title=final[0].assignment.title,
        without_score=() if anonymous else tuple(r.submission.student for r in reports if r not in final),
        scores=_describe_scores([report.score for report in final], final[0].max_score),
        todos=tuple(_describe_todo(final, totals, index, times) for index in range(len(final[0].todos))),
        tests=tuple(_describe_tests(final, totals)),
        mistakes=tuple(_list_mistakes(final, names)),
        points=tuple(
            (name, tuple(todo.score for todo in report.todos)) for name, report in zip(names, final, strict=True)
        ),
        names={} if anonymous else {r.submission.student: r.submission.name for r in reports if r.submission.name},
    )


def correlate(one: Sequence[float], two: Sequence[float]) -> float | None:
    """Return Pearson's r of two rows of equal length, or None where one of them does not vary."""
    mean_one, mean_two = sum(one) / len(one), sum(two) / len(two)
    offsets = [(a - mean_one, b - mean_two) for a, b in zip(one, two, strict=True)]
    spread = math.sqrt(sum(a * a for a, _ in offsets)) * math.sqrt(sum(b * b for _, b in offsets))
    return None if spread < 1e-12 else round(sum(a * b for a, b in offsets) / spread, DIGITS)


def _describe_scores(scores: Sequence[float], max_score: float) -> ScoreStatistics:
    ordered = sorted(scores)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    edges = [max_score * index / HISTOGRAM_BINS for index in range(HISTOGRAM_BINS + 1)]
    histogram = [sum(low <= score < high for score in ordered) for low, high in pairwise(edges)]
    histogram[-1] += sum(score >= max_score for score in ordered)
    return ScoreStatistics(
        students=len(scores),
        mean=_mean(scores),
        deviation=_deviation(scores),
        median=round(median, DIGITS),
        lowest=ordered[0],
        highest=ordered[-1],
        max_score=max_score,
        histogram=tuple(histogram),
    )


def _describe_todo(
    reports: Sequence[GradeReport], totals: Sequence[float], index: int, times: Mapping[str, TimeToSolve]
) -> TodoStatistics:
    todo = reports[0].todos[index]
    points = [report.todos[index].score for report in reports]
    # Correlated with the total without the item itself.
    discrimination = correlate(points, [total - own for total, own in zip(totals, points, strict=True)])
    difficulty = _mean(points) / todo.max_score
    return TodoStatistics(
        id=todo.id,
        title=todo.title,
        mean=_mean(points),
        deviation=_deviation(points),
        max_score=todo.max_score,
        difficulty=round(difficulty, DIGITS),
        discrimination=discrimination,
        flags=_flag(difficulty, discrimination, what="solves"),
        time_to_solve=times.get(todo.id),
    )


def _describe_tests(reports: Sequence[GradeReport], totals: Sequence[float]) -> list[TestStatistics]:
    rows: dict[str, list[tuple[int, CheckResult]]] = defaultdict(list)
    for index, report in enumerate(reports):
        for test in report.tests:
            rows[test.id].append((index, test))
    found = []
    for test_id, results in rows.items():
        passed = [float(test.status is Verdict.PASSED) for _, test in results]
        points = [test.score for _, test in results]
        rest = [totals[index] - score for (index, _), score in zip(results, points, strict=True)]
        discrimination = correlate(passed, rest)
        first = results[0][1]
        found.append(
            TestStatistics(
                id=test_id,
                todo=first.todo,
                name=first.name,
                passing=_mean(passed),
                discrimination=discrimination,
                flags=_flag(_mean(passed), discrimination, what="passes"),
            )
        )
    return found


def _flag(easiness: float, discrimination: float | None, *, what: str) -> tuple[str, ...]:
    flags = []
    if easiness == 0:
        flags.append(f"no student {what} it")
    if discrimination is not None and discrimination < WEAK_DISCRIMINATION:
        flags.append("strong students fail it more often than weak ones")
    return tuple(flags)


def _list_mistakes(reports: Sequence[GradeReport], names: Sequence[str]) -> list[Mistake]:
    students: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, report in zip(names, reports, strict=True):
        failed = {(t.todo, t.message) for t in report.tests if t.status is not Verdict.PASSED and t.message}
        for key in failed:
            students[key].append(name)
    common = sorted(students.items(), key=lambda entry: (-len(entry[1]), entry[0]))[:MOST_MISTAKES]
    return [Mistake(todo, message, len(who), who[0]) for (todo, message), who in common]


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), DIGITS)


def _deviation(values: Sequence[float]) -> float:
    """Return the sample's standard deviation, 0 for a single value."""
    if len(values) < 2:
        return 0.0
    mean = sum(values) / len(values)
    return round(math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1)), DIGITS)


def print_statistics(found: ClassStatistics) -> None:
    """Print the statistics of a class."""
    scores = found.scores
    console = make_console()
    console.print(
        f"{found.title}: {scores.students} students, mean {scores.mean:.1f}, median {scores.median:.1f}, "
        f"standard deviation {scores.deviation:.1f} of {scores.max_score:g}",
        markup=False,
    )
    table = Table("TODO", "mean", "of", "difficulty", "discrimination", "attempts", "hours", "look at", box=None)
    for todo in found.todos:
        discrimination = "" if todo.discrimination is None else f"{todo.discrimination:.2f}"
        row = [todo.id, f"{todo.mean:.2f}", f"{todo.max_score:g}", f"{todo.difficulty:.2f}", discrimination]
        solved = todo.time_to_solve
        row += [f"{solved.attempts:g}", "" if solved.hours is None else f"{solved.hours:g}"] if solved else ["", ""]
        table.add_row(*row, "; ".join(todo.flags))
    console.print(table)
    for mistake in found.mistakes:
        text = f"{mistake.count:>4} x {mistake.todo}: {mistake.message} (for example {found.label(mistake.student)})"
        console.print(Text(escape_control_characters(text)))
