"""`lti-ags`: scores for LTI's Assignment and Grade Services, one JSON body for each student.

`grader push lti` posts the same bodies. The user's id is the `sub` of LTI, from the roster's column `lti`. A score
without points would clear the old one, so students without a score are left out.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from grader.reporting.feedback import describe_report
from grader.reporting.files import format_json, write_each
from grader.reporting.published import ExportOptions, PublishedClass, PublishedReport

# Without this key Canvas counts every score as a new attempt; other platforms ignore it.
_CANVAS_EXTENSION = "https://canvas.instructure.com/lti/submission"


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one file, or a folder of them."""
    known = [entry for entry in published.final if entry.student.keys.get("lti")]
    write_each(path, known, lambda entry: format_json(render(entry, published.options)), suffix=".json")
    unknown = [entry.student.id for entry in published.final if not entry.student.keys.get("lti")]
    return [f"{student!r} is left out: the roster has no LTI id for them (column `lti`)" for student in unknown]


def render(entry: PublishedReport, options: ExportOptions) -> dict[str, object]:
    """Return one student's score; its time must be later than that of the score sent before it."""
    report = entry.report
    body: dict[str, object] = {
        "userId": entry.student.keys["lti"],
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": format_time(options.moment),
        "scoreGiven": report.score,
        "scoreMaximum": report.max_score,
        "comment": describe_report(report, entry.language),
        _CANVAS_EXTENSION: {"new_submission": False},
    }
    submitted = read_time(report.submission.submitted_at)
    return body | {"submission": {"submittedAt": format_time(submitted)}} if submitted else body


def format_time(moment: datetime) -> str:
    """Return a time as ISO 8601 with fractions of a second and a zone; the service demands both."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_time(text: str | None) -> datetime | None:
    """Read a time with its zone. Return None without a zone: another system would assume its own."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
