"""A redacted report in words, for systems that take a comment beside the score.

Zone: trusted. Called by the formats, which hold redacted reports only.
"""

from pathlib import Path

from grader.exports.gradebook import Entry
from grader.report import CheckResult, GradeReport
from grader.verdict import MEANINGS, Language, Verdict

# Systems cap what they take (PrairieLearn: 1 MB for a whole result); nobody reads more than this of one test.
LONGEST_MESSAGE = 2000
_TEMPLATES = Path(__file__).parent / "templates"


def tell_test(test: CheckResult, language: Language) -> str:
    """What became of one test: its own message and hint, or else the verdict's sentence."""
    text = test.message or MEANINGS[test.status].tell(language)
    return _cut(f"{text} ({test.hint})" if test.hint else text)


def tell_report(report: GradeReport, language: Language) -> str:
    """A page of plain text: the score, each TODO with what went wrong, and what was noted when the files were read."""
    lines = [f"{report.assignment.title}: {report.score:g} / {report.max_score:g}"]
    for todo in report.todos:
        verdict = MEANINGS[todo.status].tell(language)
        lines.append(f"{todo.id} ({todo.title}): {todo.score:g} / {todo.max_score:g}, {verdict}")
        lines += [f"  - {trouble}" for trouble in list_troubles(report, todo.id, language)]
    return "\n".join([*lines, *(f"note: {_cut(note)}" for note in report.submission.notes)])


def list_troubles(report: GradeReport, todo: str, language: Language) -> list[str]:
    """What went wrong in a TODO; what many tests fell over is told once."""
    troubles = [test for test in report.tests if test.todo == todo and test.status is not Verdict.PASSED]
    return list(dict.fromkeys(tell_test(test, language) for test in troubles if test.message))


def render_page(entry: Entry, language: Language) -> str:
    """A page of HTML that needs nothing but itself."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # The page goes into the learning-management system's own origin: whatever a student wrote is escaped.
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    report = entry.report
    return environment.get_template("comment.html").render(
        report=report,
        language=language,
        troubles={todo.id: list_troubles(report, todo.id, language) for todo in report.todos},
        verdicts={todo.id: MEANINGS[todo.status].tell(language) for todo in report.todos},
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} …"
