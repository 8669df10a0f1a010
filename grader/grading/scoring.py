"""Results and points -> scores. Pure functions."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from grader.model.assignment import LatePolicy, Todo
from grader.model.report import CheckResult, GradedSubmission, GradeReport, TodoResult
from grader.model.verdict import Verdict

DIGITS = 2


def score_todos(todos: Iterable[Todo], results: Sequence[CheckResult]) -> tuple[TodoResult, ...]:
    """Each TODO by itself: the points of its passed tests."""
    return tuple(_score_todo(todo, [result for result in results if result.todo == todo.id]) for todo in todos)


def total(values: Iterable[float]) -> float:
    """The sum, rounded to what a gradebook shows."""
    return round(sum(values), DIGITS)


def charge_lateness(report: GradeReport, policy: LatePolicy | None) -> GradeReport:
    """The report less what handing in late costs; in full where nobody knows when it was handed in."""
    earned = total([report.score, report.late_penalty])
    due = policy.points_per_day * count_days_late(report.submission, policy) if policy else 0.0
    penalty = total([min(earned, due, policy.most_points if policy else 0.0)])
    return report.model_copy(update={"score": total([earned, -penalty]), "late_penalty": penalty})


def count_days_late(submission: GradedSubmission, policy: LatePolicy) -> int:
    """Days that have begun since the student's own due date. A time without a zone is read in that of the due date."""
    if submission.submitted_at is None:
        return 0
    handed_in = datetime.fromisoformat(submission.submitted_at)
    if handed_in.tzinfo is None:
        handed_in = handed_in.replace(tzinfo=policy.due.tzinfo)
    over = handed_in - policy.due - timedelta(days=submission.extension_days)
    return 0 if over <= timedelta(minutes=policy.grace_minutes) else math.ceil(over / timedelta(days=1))


def _score_todo(todo: Todo, results: list[CheckResult]) -> TodoResult:
    return TodoResult(
        id=todo.id,
        title=todo.title,
        score=total(result.score for result in results),
        max_score=todo.points,
        status=judge_todo([result.status for result in results]),
    )


def judge_todo(verdicts: Sequence[Verdict]) -> Verdict:
    """One word for a TODO: passed, unfilled where nothing else went wrong, or its first trouble."""
    troubles = [verdict for verdict in verdicts if verdict is not Verdict.PASSED]
    if not troubles:
        return Verdict.PASSED
    for verdict in (Verdict.GRADER_FAULT, Verdict.PENDING):
        if verdict in troubles:
            return verdict
    others = [verdict for verdict in troubles if verdict is not Verdict.UNFILLED]
    return others[0] if others else Verdict.UNFILLED
