"""Turn results and points into scores."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from grader.model.assignment import SCORE_DIGITS, LatePolicy, Todo
from grader.model.report import CheckResult, GradedSubmission, GradeReport, TodoResult
from grader.model.verdict import Verdict


def score_todos(todos: Iterable[Todo], results: Sequence[CheckResult]) -> tuple[TodoResult, ...]:
    """Return each TODO with the points of its passed tests, rounded once: scores are sums of these."""
    scored = []
    for todo in todos:
        own = [result for result in results if result.todo == todo.id]
        scored.append(
            TodoResult(
                id=todo.id,
                title=todo.title,
                title_ko=todo.title_ko,
                score=total(result.score for result in own),
                max_score=todo.points,
                status=judge_todo([result.status for result in own if counts(result)]),
            )
        )
    return tuple(scored)


def total(values: Iterable[float]) -> float:
    """Return the sum, rounded as a gradebook shows it."""
    return round(sum(values), SCORE_DIGITS)


def charge_lateness(report: GradeReport, policy: LatePolicy | None) -> GradeReport:
    """Return the report with its late penalty, and with the moment at which its reasons open to the student.

    There is no penalty where the time of submission is unknown.
    """
    earned = total([report.score, report.late_penalty])
    due = policy.points_per_day * count_days_late(report.submission, policy) if policy else 0.0
    penalty = total([min(earned, due, policy.most_points if policy else 0.0)])
    opening = policy.due + timedelta(days=report.submission.extension_days) if policy else None
    return report.model_copy(
        update={
            "score": total([earned, -penalty]),
            "late_penalty": penalty,
            "reasons_open_at": opening.isoformat() if opening else None,
        }
    )


def count_days_late(submission: GradedSubmission, policy: LatePolicy) -> int:
    """Return the days that have begun since the student's own due date.

    A time without a zone is read in the zone of the due date.
    """
    if submission.submitted_at is None:
        return 0
    submitted = datetime.fromisoformat(submission.submitted_at)
    if submitted.tzinfo is None:
        submitted = submitted.replace(tzinfo=policy.due.tzinfo)
    over = submitted - policy.due - timedelta(days=submission.extension_days)
    return 0 if over <= timedelta(minutes=policy.grace_minutes) else math.ceil(over / timedelta(days=1))


def counts(result: CheckResult) -> bool:
    """Tell whether a test decides the verdict of its TODO: one that is worth nothing only informs.

    What has not run, or failed by the grader's own doing, says that the TODO's result is not known yet.
    """
    return result.max_score > 0 or result.status in (Verdict.PENDING, Verdict.GRADER_FAULT)


def judge_todo(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict of a TODO: passed, unfilled if nothing else went wrong, or its first trouble."""
    troubles = [verdict for verdict in verdicts if verdict is not Verdict.PASSED]
    if not troubles:
        return Verdict.PASSED
    for verdict in (Verdict.GRADER_FAULT, Verdict.PENDING):
        if verdict in troubles:
            return verdict
    others = [verdict for verdict in troubles if verdict is not Verdict.UNFILLED]
    return others[0] if others else Verdict.UNFILLED
