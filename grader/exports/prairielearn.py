"""`prairielearn`: results.json, one for each student, as an external grader leaves it for PrairieLearn.

The score is a fraction of 1; PrairieLearn does not add up the tests.
"""

from collections.abc import Sequence
from pathlib import Path

from grader.reporting.feedback import describe_report, describe_test
from grader.reporting.files import format_json, write_each
from grader.reporting.messages import explain_missing_score
from grader.reporting.published import PublishedClass, PublishedReport


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one file, or a folder of them; a report without a score is not gradable, which costs no attempt."""
    write_each(path, published.entries, lambda entry: format_json(render(entry)), suffix=".json")
    return ()


def render(entry: PublishedReport) -> dict[str, object]:
    """Return one student's result."""
    report = entry.report
    if not entry.is_final:
        return {"gradable": False, "format_errors": [], "message": explain_missing_score(report.status, entry.language)}
    return {
        "gradable": True,
        "score": min(max(report.score / report.max_score, 0.0), 1.0),
        "output": describe_report(report, entry.language),
        "tests": [
            {
                "name": test.name,
                "description": test.todo,
                "points": test.score,
                "max_points": test.max_score,
                "message": describe_test(test, entry.language),
            }
            for test in report.tests
        ],
        "isolation": report.environment.isolation,  # kept with the result, not shown
    }
