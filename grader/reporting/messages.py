"""The words of pages, terminals and exports, and how they are shown in the student's language.

Everything is written here in English; `locale/` holds the translations. The verdicts' sentences stand beside the
verdicts, in `model/verdict.py`: hidden tests need them too.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from grader.model.verdict import MEANINGS, Language, Verdict
from grader.reporting.catalogue import translate, translate_label

if TYPE_CHECKING:  # a student's check prints no report
    from grader.model.report import GradeReport
    from grader.reporting.troubles import Trouble

LABELS = {
    "asked": "what is asked",
    "attempt": "attempt",
    "attempts": "Your attempts",
    "caption": "Every TODO is marked on its own.",
    "check_complete": "these are small examples: what is graded asks for more of the same",
    "check_counts": "{place}: {passed} of {count} public tests passed",
    "check_open": "{count} of {all} TODOs not filled in yet: {names}",
    "check_same": "the same reason as above",
    "expected": "expected",
    "folded": "further tests of this TODO that fail, probably for the same reason: {count}",
    "free": "for information, costs no points",
    "hint": "hint",
    "here": "here",
    "late_penalty": "late penalty",
    "more": "further tests that fail for the same reason: {count}",
    "name": "name",
    "no_score": "There is no score yet:",
    "note": "note",
    "notes": "Notes on the files",
    "points": "points",
    "result": "result",
    "right": "What was right",
    "reasons": "Why a test failed is shown from",
    "reasons_hidden": "further tests that fail, and whose reason is not shown now: {count}",
    "score": "score",
    "shapes": "shapes on that line",
    "student": "student",
    "taken_off": "already taken off the score above",
    "tests": "{passed} of {count} tests passed",
    "class_page": "Class of {title}",
    "class_counts": "{scored} of {count} students have a score",
    "your_code": "Your code",
    "yours": "yours",
}
ADJUSTMENTS = {
    "todo": "your teachers set {todo} to {points:g} points",
    "score": "your teachers set the score to {points:g}",
    "bonus": "your teachers added {points:+g} points",
    "excuse": "your teachers excused you: this score does not count",
    "hold": "your teachers are still looking at this report",
}
KIT_README = """\
# {title}

Once: `pip install {wheel}`. Then, in this folder: `grader check {module} -a {name}`.
Plain `pytest` runs the same tests. Both read the notebook as well.

처음 한 번: `pip install {wheel}`. 그 다음 이 폴더에서: `grader check {module} -a {name} --lang ko`.
`pytest`만 실행해도 같은 테스트가 돌아갑니다. 둘 다 노트북도 읽습니다.
"""


@cache
def read_labels(language: Language) -> dict[str, str]:
    """Return the labels in a language."""
    return {name: translate_label(text, language) for name, text in LABELS.items()}


def describe_verdict(verdict: Verdict, language: Language) -> str:
    """Return what a verdict means, in one sentence for the student."""
    return translate(MEANINGS[verdict].en, language)


def describe_trouble(trouble: Trouble, language: Language) -> str:
    """Return what went wrong, in the language already, with the likely reason; and for how many tests more."""
    labels = read_labels(language)
    text = f"{trouble.message} ({trouble.hint})" if trouble.hint else trouble.message
    if trouble.shapes:
        text += f" [{labels['shapes']}: {trouble.shapes}]"
    if trouble.asked:
        text += f" [{labels['asked']}: {trouble.asked}]"
    if trouble.more:
        text += f" [{labels['more'].format(count=trouble.more)}]"
    return f"{text} [{labels['free']}]" if trouble.is_free else text


def describe_adjustments(report: GradeReport, language: Language) -> list[str]:
    """Return a sentence for each correction by staff, with the comment that they left for the student."""
    sentences = []
    for adjustment in report.adjustments:
        template = translate_label(ADJUSTMENTS[adjustment.kind], language)
        text = template.format(todo=adjustment.todo, points=adjustment.points)
        sentences.append(f"{text}: {adjustment.comment}" if adjustment.comment else text)
    return sentences


def explain_missing_score(status: str, language: Language) -> str:
    """Return why a report has no score yet, in one sentence for the student."""
    return describe_verdict(Verdict.PENDING if status == "pending" else Verdict.GRADER_FAULT, language)
