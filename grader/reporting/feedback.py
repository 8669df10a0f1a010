"""Put a redacted report into words: plain text for systems that take a comment, and an HTML page."""

from dataclasses import dataclass
from typing import Any

from grader.model.report import CheckResult, GradeReport, TodoResult
from grader.model.text import shorten
from grader.model.verdict import Language, Verdict
from grader.reporting.messages import LABELS, describe_adjustments, describe_verdict, explain_missing_score
from grader.reporting.rendering import render_template
from grader.reporting.safe_text import escape_control_characters

# Systems limit what they take (PrairieLearn: 1 MB for a whole result).
LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Trouble:
    """A mistake that one or several tests report, and the likely reason."""

    message: str
    hint: str


@dataclass(frozen=True)
class Row:
    """One TODO on a page."""

    todo: TodoResult
    verdict: str
    passed: int
    count: int
    troubles: tuple[Trouble, ...]


def describe_test(test: CheckResult, language: Language) -> str:
    """Return how one test ended: its own message and hint, or the verdict's sentence."""
    text = test.message or describe_verdict(test.status, language)
    return _clean(f"{text} ({test.hint})" if test.hint else text)


def describe_report(report: GradeReport, language: Language) -> str:
    """Return a page of plain text: the score, each TODO with what went wrong, and notes on the files."""
    lines = [f"{report.assignment.title}: {report.score:g} / {report.max_score:g}"]
    if report.late_penalty:
        lines.append(f"{LABELS[language]['late_penalty']}: {-report.late_penalty:g}")
    lines += [_clean(text) for text in describe_adjustments(report, language)]
    for todo in report.todos:
        verdict = describe_verdict(todo.status, language)
        lines.append(f"{todo.id} ({todo.title}): {todo.score:g} / {todo.max_score:g}, {verdict}")
        lines += [f"  - {trouble}" for trouble in list_troubles(report, todo.id, language)]
    notes = [f"{LABELS[language]['note']}: {_clean(note)}" for note in report.submission.notes]
    return "\n".join([*lines, *notes])


def list_troubles(report: GradeReport, todo: str, language: Language) -> list[str]:
    """Return what went wrong in a TODO; the same mistake in many tests is listed once."""
    troubles = [test for test in report.tests if test.todo == todo and test.status is not Verdict.PASSED]
    return list(dict.fromkeys(describe_test(test, language) for test in troubles if test.message))


def render_page(report: GradeReport, language: Language) -> str:
    """Return a redacted report as a self-contained HTML page: no script, no other file, light or dark."""
    return render_template("feedback.html", **describe_page(report, language))


def describe_page(report: GradeReport, language: Language) -> dict[str, Any]:
    """Return what the template `feedback_report.html` shows of a redacted report."""
    rows = []
    for todo in report.todos:
        tests = [test for test in report.tests if test.todo == todo.id]
        failed = [test for test in tests if test.message and test.status is not Verdict.PASSED]
        troubles = [Trouble(shorten(test.message, LONGEST_MESSAGE), test.hint) for test in failed]
        rows.append(
            Row(
                todo=todo,
                verdict=describe_verdict(todo.status, language),
                passed=sum(test.status is Verdict.PASSED for test in tests),
                count=len(tests),
                troubles=tuple(dict.fromkeys(troubles)),
            )
        )
    return {
        "report": report,
        "adjustments": describe_adjustments(report, language),
        "language": language,
        "words": LABELS[language],
        "reason": explain_missing_score(report.status, language),
        "rows": rows,
    }


def _clean(text: str) -> str:
    return shorten(escape_control_characters(text), LONGEST_MESSAGE)
