"""`html`: a self-contained feedback page for each student, and `index.html` for the staff, which leads to them.

Without a score yet, a student's page says why.
"""

from collections.abc import Sequence
from pathlib import Path

from grader.reporting.feedback import render_page
from grader.reporting.files import INDEX, name_files, write_each, write_text
from grader.reporting.messages import read_labels
from grader.reporting.published import PublishedClass, PublishedReport
from grader.reporting.rendering import render_template
from grader.reporting.wording import choose_title

SUFFIX = ".html"


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one page a student and the index into the folder `path`, or the only student's page if it ends in .html."""
    write_each(path, published.entries, render_student_page, suffix=SUFFIX)
    if path.suffix != SUFFIX:
        write_text(path / f"{INDEX}{SUFFIX}", render_index(published))
    return ()


def render_student_page(entry: PublishedReport) -> str:
    """Return the feedback page of one student, in the student's language."""
    return render_page(entry.report, entry.language, entry.attempts)


def render_index(published: PublishedClass) -> str:
    """Return the class as a table of students and TODOs, each with a link to the student's page."""
    language = published.language
    words = read_labels(language)
    title = choose_title(published.first.assignment, language)
    rows = [
        (f"{name}{SUFFIX}", entry, {todo.id: todo for todo in entry.report.todos})
        for name, entry in zip(name_files(published.entries), published.entries, strict=True)
    ]
    return render_template(
        "class_index.html",
        language=language,
        title=words["class_page"].format(title=title),
        words=words,
        counts=words["class_counts"].format(scored=len(published.final), count=len(published.entries)),
        todos=[(todo.id, choose_title(todo, language)) for todo in published.first.todos],
        rows=rows,
    )
