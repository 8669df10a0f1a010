"""`ctrf`: Common Test Report Format, one document for the whole class.

Properties that CTRF does not define stand under `extra`; times are whole milliseconds.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from grader.model.verdict import MEANINGS, Verdict
from grader.reporting.feedback import describe_test
from grader.reporting.files import format_json, write_text
from grader.reporting.published import PublishedClass

_STATUSES = {"student": "failed", "grader": "other", "nobody": "pending"}
_ALL = ("passed", "failed", "skipped", "pending", "other")


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one JSON file."""
    write_text(path, format_json(render(published)))
    return ()


def render(published: PublishedClass) -> dict[str, object]:
    """Return the document for the whole class."""
    tests: list[dict[str, object]] = [
        {
            "name": test.name,
            "status": "passed" if test.status is Verdict.PASSED else _STATUSES[MEANINGS[test.status].fault],
            "duration": _to_milliseconds(test.cpu_seconds),
            "message": describe_test(test, entry.language),
            "extra": {
                "student": entry.student.id,
                "todo": test.todo,
                "score": test.score,
                "max_score": test.max_score,
                "late_penalty": entry.report.late_penalty,
            },
        }
        for entry in published.entries
        for test in entry.report.tests
    ]
    counts = Counter(str(test["status"]) for test in tests)
    stop = _to_milliseconds(published.options.moment.timestamp())
    spent = _to_milliseconds(sum(entry.report.timing.wall_seconds for entry in published.entries))
    summary = {"tests": len(tests), **{status: counts[status] for status in _ALL}, "start": stop - spent, "stop": stop}
    return {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {"tool": {"name": "grader"}, "summary": summary, "tests": tests},
    }


def _to_milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
