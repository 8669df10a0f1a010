"""The points of a student's attempts, one after the other, as a table and a small line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.model.report import GradeReport, TodoResult
from grader.model.verdict import Language
from grader.reporting.wording import choose_title

# A page shows the last ones: more columns do not fit a telephone.
MOST_SHOWN = 6
# The size of the line, and its distance from the edges.
WIDTH, HEIGHT, MARGIN = 120, 32, 4


@dataclass(frozen=True)
class AttemptPoints:
    """The points of one attempt by TODO, and its score; None where there is no score, or not yet."""

    submission: str
    score: float | None
    max_score: float
    points: Mapping[str, float]

    @classmethod
    def read(cls, report: GradeReport) -> "AttemptPoints":
        """Return the points of a report; the report itself is much larger."""
        score = report.score if report.status == "graded" else None
        points = {todo.id: todo.score for todo in report.todos} if score is not None else {}
        return cls(report.submission.id, score, report.max_score, points)


@dataclass(frozen=True)
class Progress:
    """A table: the numbers of the attempts, and for each TODO its title, its id and its points in each of them.

    `shown` is the number of the attempt whose report the page shows, `line` the points of an SVG polyline.
    """

    numbers: tuple[int, ...]
    shown: int
    rows: tuple[tuple[str, str, tuple[float | None, ...]], ...]
    scores: tuple[float | None, ...]
    line: str


def describe_progress(
    todos: Iterable[TodoResult], attempts: Sequence[AttemptPoints], submission: str, language: Language
) -> Progress | None:
    """Return the progress over attempts in the order in which they were made; None for a single one."""
    if len(attempts) < 2:
        return None
    numbered = list(enumerate(attempts, start=1))[-MOST_SHOWN:]
    rows = [
        (choose_title(todo, language), todo.id, tuple(attempt.points.get(todo.id) for _, attempt in numbered))
        for todo in todos
    ]
    return Progress(
        numbers=tuple(number for number, _ in numbered),
        shown=next((number for number, attempt in reversed(numbered) if attempt.submission == submission), 0),
        rows=tuple(rows),
        scores=tuple(attempt.score for _, attempt in numbered),
        line=_draw([attempt for _, attempt in numbered]),
    )


def _draw(attempts: Sequence[AttemptPoints]) -> str:
    step = (WIDTH - 2 * MARGIN) / (len(attempts) - 1)
    points = []
    for index, attempt in enumerate(attempts):
        if attempt.score is not None and attempt.max_score > 0:
            share = min(max(attempt.score / attempt.max_score, 0), 1)
            points.append(f"{MARGIN + index * step:.1f},{HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN):.1f}")
    return " ".join(points)
