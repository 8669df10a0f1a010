"""`ctrf`: Common Test Report Format, one document for the whole class.

Listed in `exports`. Properties of our own stand under `extra` only; times are whole milliseconds.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from grader.model.report import CheckResult
from grader.model.verdict import MEANINGS, Language, Verdict
from grader.reporting.feedback import tell_test
from grader.reporting.files import to_json, write_text
from grader.reporting.published import PublishedClass, PublishedReport

_STATUSES = {"student": "failed", "grader": "other", "nobody": "pending"}
_ALL = ("passed", "failed", "skipped", "pending", "other")


def write(gradebook: PublishedClass, path: Path) -> Sequence[str]:
    """Write one JSON file."""
    write_text(path, to_json(render(gradebook)))
    return ()


def render(gradebook: PublishedClass) -> dict[str, object]:
    """The whole class."""
    language = gradebook.options.language
    tests = [_render_test(test, entry, language) for entry in gradebook.entries for test in entry.report.tests]
    counts = Counter(str(test["status"]) for test in tests)
    stop = _to_milliseconds(gradebook.options.moment.timestamp())
    spent = _to_milliseconds(sum(entry.report.timing.wall_seconds for entry in gradebook.entries))
    summary = {"tests": len(tests), **{status: counts[status] for status in _ALL}, "start": stop - spent, "stop": stop}
    return {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {"tool": {"name": "grader"}, "summary": summary, "tests": tests},
    }


def _render_test(test: CheckResult, entry: PublishedReport, language: Language) -> dict[str, object]:
    return {
        "name": test.name,
        "status": "passed" if test.status is Verdict.PASSED else _STATUSES[MEANINGS[test.status].fault],
        "duration": _to_milliseconds(test.cpu_seconds),
        "message": tell_test(test, language),
        "extra": {
            "student": entry.student.id,
            "todo": test.todo,
            "score": test.score,
            "max_score": test.max_score,
            "late_penalty": entry.report.late_penalty,
        },
    }


def _to_milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
