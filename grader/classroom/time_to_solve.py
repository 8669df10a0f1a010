"""Find how long students need for a TODO: attempts, and hours since their first one, until it has full points.

Known for students who handed in more than once, or solved it at once. A TODO that a student has not solved yet counts
nowhere here: its difficulty shows that.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.classroom.gradebook import open_gradebook
from grader.classroom.run_folder import RunFolder
from grader.model.report import GradeReport
from grader.reporting.progress import AttemptPoints

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class TimeToSolve:
    """Medians over the students who solved a TODO. `hours` is None where no attempts have times."""

    students: int
    attempts: float
    hours: float | None


def read_attempts(run: RunFolder, assignment: str, store: str | None = None) -> dict[str, list[GradeReport]]:
    """Return each student's attempts, the first one first, with their newest result; none without a gradebook."""
    if not store and not run.gradebook.is_file():
        return {}
    with open_gradebook(store or run.gradebook) as gradebook:
        return gradebook.list_attempts(assignment)


def read_points(run: RunFolder, assignment: str, store: str | None = None) -> dict[str, list[AttemptPoints]]:
    """Return the points of each student's attempts, the first one first; none without a gradebook."""
    if not store and not run.gradebook.is_file():
        return {}
    with open_gradebook(store or run.gradebook) as gradebook:
        return gradebook.list_points(assignment)


def measure_time_to_solve(attempts: Mapping[str, Sequence[GradeReport]]) -> dict[str, TimeToSolve]:
    """Return the time to solve of each TODO that a student solved."""
    numbers: dict[str, list[int]] = {}
    hours: dict[str, list[float]] = {}
    for reports in attempts.values():
        ordered = _sort_by_time(reports)
        for todo_id in {todo.id for report in ordered for todo in report.todos}:
            number = next((n for n, report in enumerate(ordered, start=1) if _has_solved(report, todo_id)), None)
            if number is None:
                continue
            numbers.setdefault(todo_id, []).append(number)
            first, solved = (_read_time(ordered[index]) for index in (0, number - 1))
            if first and solved:
                hours.setdefault(todo_id, []).append((solved - first).total_seconds() / SECONDS_PER_HOUR)
    return {
        todo_id: TimeToSolve(
            students=len(found),
            attempts=float(statistics.median(found)),
            hours=round(statistics.median(hours[todo_id]), 2) if todo_id in hours else None,
        )
        for todo_id, found in numbers.items()
    }


def _has_solved(report: GradeReport, todo_id: str) -> bool:
    return any(todo.id == todo_id and todo.score >= todo.max_score for todo in report.todos)


def _read_time(report: GradeReport) -> datetime | None:
    return datetime.fromisoformat(report.submission.submitted_at) if report.submission.submitted_at else None


def _sort_by_time(reports: Sequence[GradeReport]) -> list[GradeReport]:
    """Sort attempts by the time they were handed in; where one is unknown, keep the order in which they were graded."""
    times = {id(report): _read_time(report) for report in reports}
    if any(time is None or time.tzinfo is None for time in times.values()):
        return list(reports)
    return sorted(reports, key=lambda report: times[id(report)])  # type: ignore[arg-type, return-value]
