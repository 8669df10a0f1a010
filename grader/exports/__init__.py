"""Grades on their way to other systems: one file a format.

A format is a module with a `write(gradebook, path)` that returns notes for the staff; a new one is listed here. Reports
are redacted before any format sees them.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from grader.classroom.run_folder import RunFolder
from grader.exports import (
    autolab,
    brightspace,
    canvas,
    ctrf,
    github,
    gradescope,
    junit,
    lti,
    moodle_feedback,
    moodle_worksheet,
    nbgrader,
    pages,
    prairielearn,
    table,
)
from grader.model.errors import UsageError
from grader.reporting.published import ExportOptions, PublishedClass, open_published_class

__all__ = ["FORMATS", "ExportOptions", "export_run", "tell_scoreless"]

# Written out rather than looked up in the folder: on the trusted side no module is imported by a computed name.
FORMATS: dict[str, Callable[[PublishedClass, Path], Sequence[str]]] = {
    "autolab": autolab.write,
    "brightspace-csv": brightspace.write,
    "canvas-csv": canvas.write,
    "csv": table.write,
    "ctrf": ctrf.write,
    "github-classroom": github.write,
    "gradescope": gradescope.write,
    "html": pages.write,
    "junit": junit.write,
    "lti-ags": lti.write,
    "moodle-csv": moodle_worksheet.write,
    "moodle-feedback": moodle_feedback.write,
    "nbgrader-csv": nbgrader.write,
    "prairielearn": prairielearn.write,
}


def export_run(run: Path, path: Path, *, to: str, options: ExportOptions) -> list[str]:
    """Write a run's grades to `path` in the format `to`, and say who is not in it and why.

    Raises UsageError for an unknown format, and for whatever the user can mend.
    """
    if to not in FORMATS:
        raise UsageError(f"no format {to!r}: there are {', '.join(FORMATS)}")
    gradebook = open_published_class(RunFolder(run).read_reports(), options)
    return [*tell_scoreless(gradebook), *FORMATS[to](gradebook, path)]


def tell_scoreless(gradebook: PublishedClass) -> list[str]:
    """A note for each student who has no score to be handed on."""
    reasons = {"grader_fault": "the grader itself failed", "pending": "some tests are still to be run"}
    return [
        f"{entry.student.id!r} has no score yet: {reasons[entry.report.status]}; grade that submission again"
        for entry in gradebook.entries
        if not entry.is_final
    ]
