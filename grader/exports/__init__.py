"""Write grades for other systems: one module a format.

A format is a module with a `write(published, path)` that returns notes for the staff; list a new one here. Reports are
redacted before a format sees them.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from grader.classroom.run_folder import RunFolder
from grader.classroom.time_to_solve import read_points
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
from grader.reporting.published import ExportOptions, PublishedClass, list_left_out, open_published_class

__all__ = ["FORMATS", "ExportOptions", "export_run"]

# A written list, not a search of the folder: trusted code imports no module by a computed name.
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
# These show the points of earlier attempts, which are read from the gradebook.
WITH_ATTEMPTS = frozenset({"html", "moodle-feedback"})


def export_run(run: Path, path: Path, *, to: str, options: ExportOptions, store: str | None = None) -> list[str]:
    """Write a run's grades to `path` in the format `to`; return who is not in it and why.

    `store` is the URL of the gradebook where it does not lie in the run's folder. Raises UsageError for an unknown
    format, and for every problem that the user can solve.
    """
    if to not in FORMATS:
        raise UsageError(f"no format {to!r}: there are {', '.join(FORMATS)}")
    reports = RunFolder(run).read_reports()
    attempts = read_points(RunFolder(run), reports[0].assignment.name, store) if to in WITH_ATTEMPTS else None
    published = open_published_class(reports, options, attempts)
    return [*list_left_out(published), *FORMATS[to](published, path)]
