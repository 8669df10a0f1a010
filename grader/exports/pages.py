"""`html`: a page of feedback for each student, which needs nothing but itself.

Listed in `exports`. Who has no score yet gets a page as well: it says why.
"""

from collections.abc import Sequence
from pathlib import Path

from grader.reporting.feedback import render_page
from grader.reporting.files import write_each
from grader.reporting.published import PublishedClass


def write(gradebook: PublishedClass, path: Path) -> Sequence[str]:
    """Write one page a student into the folder `path`, or the only student's page where it ends in .html."""
    language = gradebook.options.language
    write_each(path, gradebook.entries, lambda entry: render_page(entry.report, language), suffix=".html")
    return ()
