"""`moodle-feedback`: a zip for Moodle's "upload multiple feedback files", one page a student.

Listed in `exports`. Moodle takes a folder by the participant's number in its name, which is the submission's label, a
column of the roster, or in the worksheet.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from grader.exports.moodle_worksheet import match_participants, read_worksheet
from grader.reporting.archives import pack_zip
from grader.reporting.feedback import render_page
from grader.reporting.files import write_bytes
from grader.reporting.published import PublishedClass, PublishedReport


def write(gradebook: PublishedClass, path: Path) -> Sequence[str]:
    """Write one zip with a page for each student who has a score."""
    numbers = _find_numbers(gradebook)
    language = gradebook.options.language
    pages = {
        f"{_name_folder(entry, number)}/feedback.html": render_page(entry.report, language).encode()
        for entry, number in numbers
        if number
    }
    write_bytes(path, pack_zip(pages))
    left_out = [entry.student.id for entry, number in numbers if not number]
    return [f"{student!r} is left out: no participant's number is known; pass --worksheet" for student in left_out]


def _find_numbers(gradebook: PublishedClass) -> list[tuple[PublishedReport, str]]:
    if gradebook.options.worksheet:
        return match_participants(gradebook.final, read_worksheet(gradebook.options.worksheet))
    keys = [(entry, entry.find_key("moodle")) for entry in gradebook.final]
    return [(entry, key if key.isdecimal() else "") for entry, key in keys]


def _name_folder(entry: PublishedReport, number: str) -> str:
    # Up to the first underscore is the name, which Moodle itself does not read.
    name = re.sub(r"[^\w ]|_", " ", entry.student.name or entry.student.id)
    return f"{' '.join(name.split()) or 'student'}_{number}_assignfeedback_file"
