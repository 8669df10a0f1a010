"""`html`: a self-contained feedback page for each student; without a score yet, the page says why."""

from collections.abc import Sequence
from pathlib import Path

from grader.reporting.feedback import render_page
from grader.reporting.files import write_each
from grader.reporting.published import PublishedClass


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one page a student into the folder `path`, or the only student's page where it ends in .html."""
    language = published.options.language
    write_each(path, published.entries, lambda entry: render_page(entry.report, language), suffix=".html")
    return ()
