"""A redacted report in words, for systems that take a comment beside the score."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.model.report import CheckResult, GradeReport, TodoResult
from grader.model.verdict import MEANINGS, Language, Verdict
from grader.reporting.safe_text import escape_control_characters

# Systems cap what they take (PrairieLearn: 1 MB for a whole result); nobody reads more than this of one test.
LONGEST_MESSAGE = 2000
_TEMPLATES = Path(__file__).parent / "templates"
WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "caption": "Every TODO is marked on its own.",
        "hint": "hint",
        "late_penalty": "late penalty",
        "no_score": "There is no score yet:",
        "notes": "Notes on the files",
        "points": "points",
        "result": "result",
        "student": "student",
        "tests": "{passed} of {count} tests passed",
    },
    "ko": {
        "caption": "TODO마다 따로 채점합니다.",
        "hint": "힌트",
        "late_penalty": "지각 감점",
        "no_score": "아직 점수가 없습니다:",
        "notes": "파일에 대한 참고 사항",
        "points": "점수",
        "result": "결과",
        "student": "학생",
        "tests": "테스트 {count}개 중 {passed}개 통과",
    },
}


@dataclass(frozen=True)
class Trouble:
    """What one test or several say went wrong, and the likely reason."""

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


def tell_test(test: CheckResult, language: Language) -> str:
    """What became of one test: its own message and hint, or else the verdict's sentence."""
    text = test.message or MEANINGS[test.status].tell(language)
    return _cut(f"{text} ({test.hint})" if test.hint else text)


def tell_report(report: GradeReport, language: Language) -> str:
    """A page of plain text: the score, each TODO with what went wrong, and what was noted when the files were read."""
    lines = [f"{report.assignment.title}: {report.score:g} / {report.max_score:g}"]
    if report.late_penalty:
        lines.append(f"{WORDS[language]['late_penalty']}: {-report.late_penalty:g}")
    for todo in report.todos:
        verdict = MEANINGS[todo.status].tell(language)
        lines.append(f"{todo.id} ({todo.title}): {todo.score:g} / {todo.max_score:g}, {verdict}")
        lines += [f"  - {trouble}" for trouble in list_troubles(report, todo.id, language)]
    return "\n".join([*lines, *(f"note: {_cut(note)}" for note in report.submission.notes)])


def list_troubles(report: GradeReport, todo: str, language: Language) -> list[str]:
    """What went wrong in a TODO; what many tests fell over is told once."""
    troubles = [test for test in report.tests if test.todo == todo and test.status is not Verdict.PASSED]
    return list(dict.fromkeys(tell_test(test, language) for test in troubles if test.message))


def render_page(report: GradeReport, language: Language) -> str:
    """A redacted report as a page of HTML that needs nothing but itself: no script, no other file, light or dark."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # The page goes into the learning-management system's own origin: whatever a student wrote is escaped.
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_finalize,
    )  # fmt: skip
    verdict = Verdict.PENDING if report.status == "pending" else Verdict.GRADER_FAULT
    return environment.get_template("feedback.html").render(
        report=report,
        language=language,
        words=WORDS[language],
        reason=MEANINGS[verdict].tell(language),
        rows=[_make_row(report, todo, language) for todo in report.todos],
    )


def _make_row(report: GradeReport, todo: TodoResult, language: Language) -> Row:
    tests = [test for test in report.tests if test.todo == todo.id]
    told = [
        Trouble(_cut(test.message), test.hint) for test in tests if test.status is not Verdict.PASSED and test.message
    ]
    return Row(
        todo=todo,
        verdict=MEANINGS[todo.status].tell(language),
        passed=sum(test.status is Verdict.PASSED for test in tests),
        count=len(tests),
        troubles=tuple(dict.fromkeys(told)),  # what many tests fell over is told once
    )


def _finalize(value: Any) -> Any:
    return escape_control_characters(value) if isinstance(value, str) else value


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} …"
