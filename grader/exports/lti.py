"""`lti-ags`: the scores that LTI's Assignment and Grade Services take, one JSON body for each student.

Listed in `exports`; a push posts the same bodies. The user's id is the `sub` of LTI, from the roster's column `lti`. A
score without points clears what was there, so whoever has none is left out.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from grader.reporting.feedback import tell_report
from grader.reporting.files import to_json, write_each
from grader.reporting.published import ExportOptions, PublishedClass, PublishedReport

# Canvas counts every score as one more attempt unless it is told not to; the others pass over the key.
_CANVAS_EXTENSION = "https://canvas.instructure.com/lti/submission"


def write(gradebook: PublishedClass, path: Path) -> Sequence[str]:
    """Write one file, or a folder of them."""
    known = [entry for entry in gradebook.final if entry.student.keys.get("lti")]
    write_each(path, known, lambda entry: to_json(render(entry, gradebook.options)), suffix=".json")
    unknown = [entry.student.id for entry in gradebook.final if not entry.student.keys.get("lti")]
    return [f"{student!r} is left out: the roster has no LTI id for them (column `lti`)" for student in unknown]


def render(entry: PublishedReport, options: ExportOptions) -> dict[str, object]:
    """One student's score; its time must be later than that of the score sent before it."""
    report = entry.report
    body: dict[str, object] = {
        "userId": entry.student.keys["lti"],
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": format_time(options.moment),
        "scoreGiven": report.score,
        "scoreMaximum": report.max_score,
        "comment": tell_report(report, options.language),
        _CANVAS_EXTENSION: {"new_submission": False},
    }
    submitted = read_time(report.submission.submitted_at)
    return body | {"submission": {"submittedAt": format_time(submitted)}} if submitted else body


def format_time(moment: datetime) -> str:
    """ISO 8601 with parts of a second and a zone, both of which the service demands."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_time(text: str | None) -> datetime | None:
    """A time with its zone; one without is no moment that could be told to another system."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
