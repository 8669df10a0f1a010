"""`moodle-feedback`: a zip for Moodle's "upload multiple feedback files", one page a student.

Moodle finds a student by the participant's number in the folder's name. The number is the submission's label, or it
comes from the roster or the worksheet.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.exports.moodle_worksheet import match_participants, read_worksheet
from grader.exports.pages import render_student_page
from grader.reporting.archives import pack_zip
from grader.reporting.files import write_bytes
from grader.reporting.published import PublishedClass


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one zip with a page for each student who has a score."""
    if published.options.worksheet:
        numbers = match_participants(published.final, read_worksheet(published.options.worksheet))
    else:
        keys = [(entry, entry.find_key("moodle")) for entry in published.final]
        numbers = [(entry, key if key.isdecimal() else "") for entry, key in keys]
    pages = {}
    for entry, number in numbers:
        if number:
            # Moodle does not read the name, the part up to the first underscore.
            name = " ".join(re.sub(r"[^\w ]|_", " ", entry.student.name or entry.student.id).split())
            folder = f"{name or 'student'}_{number}_assignfeedback_file"
            pages[f"{folder}/feedback.html"] = render_student_page(entry).encode()
    write_bytes(path, pack_zip(pages))
    left_out = [entry.student.id for entry, number in numbers if not number]
    return [f"{student!r} is left out: the participant's number is not known; pass --worksheet" for student in left_out]
