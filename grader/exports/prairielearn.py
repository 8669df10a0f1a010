"""`prairielearn`: results.json, one for each student, as an external grader leaves it for PrairieLearn.

Listed in `exports`. The score is a fraction of 1, and PrairieLearn does not add the tests up.
"""

from collections.abc import Sequence
from pathlib import Path

from grader.model.report import CheckResult
from grader.model.verdict import MEANINGS, Language, Verdict
from grader.reporting.feedback import tell_report, tell_test
from grader.reporting.files import to_json, write_each
from grader.reporting.published import PublishedClass, PublishedReport


def write(gradebook: PublishedClass, path: Path) -> Sequence[str]:
    """Write one file, or a folder of them; what has no score is said to be not gradable, which costs no attempt."""
    language = gradebook.options.language
    write_each(path, gradebook.entries, lambda entry: to_json(render(entry, language)), suffix=".json")
    return ()


def render(entry: PublishedReport, language: Language) -> dict[str, object]:
    """One student's result."""
    report = entry.report
    if not entry.is_final:
        verdict = Verdict.PENDING if report.status == "pending" else Verdict.GRADER_FAULT
        return {"gradable": False, "format_errors": [], "message": MEANINGS[verdict].tell(language)}
    return {
        "gradable": True,
        "score": min(max(report.score / report.max_score, 0.0), 1.0),
        "output": tell_report(report, language),
        "tests": [_render_test(test, language) for test in report.tests],
        "isolation": report.environment.isolation,  # kept with the result, and shown to nobody
    }


def _render_test(test: CheckResult, language: Language) -> dict[str, object]:
    return {
        "name": test.name,
        "description": test.todo,
        "points": test.score,
        "max_points": test.max_score,
        "message": tell_test(test, language),
    }
