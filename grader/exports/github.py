"""`github-classroom`: a runner's result, one for each student, before it is encoded as base64.

GitHub Classroom adds up the tests itself and knows no late penalty.
"""

from collections.abc import Sequence
from pathlib import Path

from grader.model.verdict import Verdict
from grader.reporting.feedback import describe_test
from grader.reporting.files import format_json, write_each
from grader.reporting.published import PublishedClass, PublishedReport, list_missing_penalties


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one file, or a folder of them."""
    write_each(path, published.final, lambda entry: format_json(render(entry)), suffix=".json")
    return list_missing_penalties(published)


def render(entry: PublishedReport) -> dict[str, object]:
    """Return one student's result."""
    report = entry.report
    passed = all(test.status is Verdict.PASSED for test in report.tests)
    return {
        "version": 1,
        "status": "pass" if passed else "fail",
        "max_score": report.max_score,
        "tests": [
            {
                "name": test.name,
                "status": "pass" if test.status is Verdict.PASSED else "fail",
                "score": test.score,
                "message": describe_test(test, entry.language),
                "test_code": test.id,
                "filename": "",
                "line_no": 0,
                "duration": test.cpu_seconds,
            }
            for test in report.tests
        ],
    }
