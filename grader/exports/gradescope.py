"""`gradescope`: results.json, one for each student, as an autograder leaves it for Gradescope.

Gradescope hides the total from a student as soon as one test is hidden. So the file contains nothing secret, and every
entry is visible. `--released` makes the file for after the due date.
"""

from collections.abc import Sequence
from pathlib import Path

from grader.model.verdict import Verdict
from grader.reporting.feedback import describe_report, describe_test
from grader.reporting.files import format_json, write_each
from grader.reporting.published import PublishedClass, PublishedReport


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one file, or a folder of them."""
    write_each(path, published.final, lambda entry: format_json(render(entry)), suffix=".json")
    return ()


def render(entry: PublishedReport) -> dict[str, object]:
    """Return one student's result. `score` is given besides the tests because no test has the late penalty."""
    report = entry.report
    places = [todo.id for todo in report.todos]
    counts = dict.fromkeys(places, 0)
    tests = []
    for test in sorted(report.tests, key=lambda test: places.index(test.todo)):
        counts[test.todo] += 1
        tests.append(
            {
                "number": f"{places.index(test.todo) + 1}.{counts[test.todo]}",
                "name": test.name,
                "score": test.score,
                "max_score": test.max_score,
                "status": "passed" if test.status is Verdict.PASSED else "failed",
                "output": describe_test(test, entry.language),
                "tags": [test.todo, test.category],
                "visibility": "visible",
            }
        )
    return {
        "score": report.score,
        "execution_time": report.timing.wall_seconds,
        "output": describe_report(report, entry.language),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "suite": report.assignment.suite_digest,
            "seed_commitment": report.seed_commitment,
            "isolation": report.environment.isolation,
        },
        "tests": tests,
    }
