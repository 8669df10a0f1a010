"""Put a redacted report into words: plain text for systems that take a comment, and an HTML page."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from grader.model.report import CheckResult, Code, GradeReport, TodoResult
from grader.model.text import shorten
from grader.model.verdict import Language, Verdict
from grader.reporting.catalogue import translate
from grader.reporting.messages import (
    describe_adjustments,
    describe_trouble,
    describe_verdict,
    explain_missing_score,
    read_labels,
)
from grader.reporting.progress import AttemptPoints, describe_progress
from grader.reporting.rendering import render_template
from grader.reporting.safe_text import escape_control_characters
from grader.reporting.troubles import Trouble, Troubles, rank_troubles
from grader.reporting.wording import choose_title, localise

# Systems limit what they take (PrairieLearn: 1 MB for a whole result).
LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class CodeBlock:
    """The student's own code of a definition: where it begins, and its lines, each with whether it is marked."""

    name: str
    place: str
    first: int
    lines: tuple[tuple[str, bool], ...]

    @property
    def is_marked(self) -> bool:
        """Tell whether a trouble comes from one of the lines."""
        return any(marked for _, marked in self.lines)


@dataclass(frozen=True)
class Row:
    """One TODO on a page. `right` names its passed tests, and `silent` counts failed ones that give no reason now."""

    todo: TodoResult
    title: str
    verdict: str
    passed: int
    count: int
    troubles: Troubles
    right: tuple[str, ...]
    silent: int
    code: tuple[CodeBlock, ...]


def describe_test(test: CheckResult, language: Language) -> str:
    """Return how one test ended: its own message and hint, or the verdict's sentence."""
    [test] = localise([test], language)
    text = test.message or describe_verdict(test.status, language)
    return _clean(f"{text} ({test.hint})" if test.hint else text)


def describe_report(report: GradeReport, language: Language) -> str:
    """Return a page of plain text: the score, each TODO with what went wrong, and notes on the files."""
    labels = read_labels(language)
    lines = [f"{choose_title(report.assignment, language)}: {report.score:g} / {report.max_score:g}"]
    if report.late_penalty:
        lines.append(f"{labels['late_penalty']}: {-report.late_penalty:g}")
    lines += [_clean(text) for text in describe_adjustments(report, language)]
    for todo in report.todos:
        verdict = describe_verdict(todo.status, language)
        lines.append(f"{todo.id} ({choose_title(todo, language)}): {todo.score:g} / {todo.max_score:g}, {verdict}")
        lines += [f"  - {trouble}" for trouble in list_troubles(report, todo.id, language)]
    notes = [f"{labels['note']}: {_clean(translate(note, language))}" for note in report.submission.notes]
    return "\n".join([*lines, *notes])


def list_troubles(report: GradeReport, todo: str, language: Language) -> list[str]:
    """Return what went wrong in a TODO, the cause first; what follows from it is only counted."""
    found = find_troubles(report, todo, language)
    texts = [_clean(describe_trouble(trouble, language)) for trouble in found.shown]
    return [*texts, read_labels(language)["folded"].format(count=found.more)] if found.folded else texts


def find_troubles(report: GradeReport, todo: str, language: Language) -> Troubles:
    """Return what went wrong in a TODO, in the language."""
    return rank_troubles(localise([test for test in report.tests if test.todo == todo], language))


def render_page(report: GradeReport, language: Language, attempts: Sequence[AttemptPoints] = ()) -> str:
    """Return a redacted report as a self-contained HTML page: no script, no other file, light or dark."""
    return render_template("feedback.html", **describe_page(report, language, attempts))


def describe_page(report: GradeReport, language: Language, attempts: Sequence[AttemptPoints] = ()) -> dict[str, Any]:
    """Return what the template `feedback_report.html` shows of a redacted report, and of all the student's attempts."""
    return {
        "report": report,
        "heading": choose_title(report.assignment, language),
        "adjustments": describe_adjustments(report, language),
        "language": language,
        "words": read_labels(language),
        "reason": explain_missing_score(report.status, language),
        "rows": [_make_row(report, todo, language) for todo in report.todos],
        "progress": describe_progress(report.todos, attempts, report.submission.id, language),
        "notes": [translate(note, language) for note in report.submission.notes],
    }


def _make_row(report: GradeReport, todo: TodoResult, language: Language) -> Row:
    tests = localise([test for test in report.tests if test.todo == todo.id], language)
    passed = [test for test in tests if test.status is Verdict.PASSED]
    failed = [test for test in tests if test.status is not Verdict.PASSED]
    places = {test.place for test in failed}
    return Row(
        todo=todo,
        title=choose_title(todo, language),
        verdict=describe_verdict(todo.status, language),
        passed=len(passed),
        count=len(tests),
        troubles=_shorten(rank_troubles(failed)),
        right=tuple(dict.fromkeys(test.name for test in passed if not test.id.startswith(f"{todo.id}/"))),
        silent=sum(not test.message and test.max_score > 0 for test in failed),
        code=tuple(_mark(part, places, language) for part in report.code if todo.id in part.todos),
    )


def _mark(part: Code, places: Set[str], language: Language) -> CodeBlock:
    lines = tuple(
        (line, f"{part.place}, line {number}" in places)
        for number, line in enumerate(part.text.split("\n"), start=part.line)
    )
    return CodeBlock(part.name, translate(part.place, language), part.line, lines)


def _shorten(found: Troubles) -> Troubles:
    def cut(trouble: Trouble) -> Trouble:
        return replace(trouble, message=shorten(trouble.message, LONGEST_MESSAGE))

    return Troubles(tuple(map(cut, found.shown)), tuple(map(cut, found.folded)))


def _clean(text: str) -> str:
    return shorten(escape_control_characters(text), LONGEST_MESSAGE)
