"""A class folder -> who is to be graded: one job a student, whoever laid the folder out.

What a learning-management system wrote is read by `intake.downloads`; in a folder that a person made, and without a
roster, every entry is a student of its own.
"""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from grader.grading.worker import Job
from grader.intake.downloads import HandedIn, is_download, keep_latest, read_class
from grader.intake.downloads.plain import SOURCES
from grader.intake.roster import Roster
from grader.model.assignment import Assignment
from grader.model.errors import SubmissionNotFound


@dataclass(frozen=True)
class ClassSubmissions:
    """One job a student, or one an attempt where the best counts; and what the staff may want to know of the class."""

    jobs: list[Job]
    late: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def collect_submissions(folder: Path, assignment: Assignment, roster: Roster | None = None) -> ClassSubmissions:
    """The attempts that may count. Raises SubmissionNotFound where there is none, UsageError for damaged lists."""
    if roster is None and not is_download(folder):
        return ClassSubmissions(list_jobs(folder))
    defines = assignment.defines
    handed_in = read_class(folder, roster, module=assignment.module, defines=defines)
    if assignment.description.attempt == "last":
        handed_in = keep_latest(handed_in)
    here = {item.student for item in handed_in}
    extensions = {student.id: student.extension_days for student in roster.students} if roster else {}
    return ClassSubmissions(
        [
            Job(item.path, item.student, item.submitted_at, extension_days=extensions.get(item.student, 0.0))
            for item in handed_in
        ],
        late=tuple(dict.fromkeys(item.student for item in handed_in if item.late)),
        strangers=_list_not_on_roster(handed_in) if roster else (),
        absent=tuple(student.id for student in roster.students if student.id not in here) if roster else (),
    )


def list_jobs(folder: Path) -> list[Job]:
    """One job for each entry of a class folder, by name. Raises SubmissionNotFound where there is none."""
    if not folder.is_dir():
        raise SubmissionNotFound(f"no folder {str(folder)!r}: pass the folder that holds one entry for each student")
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    entries = [path for path in entries if path.is_dir() or path.suffix.lower() in SOURCES]
    if not entries:
        raise SubmissionNotFound(f"nothing to grade in {str(folder)!r}: expected a folder or a file for each student")
    stems = Counter(map(_name_student, entries))
    # `kim.py` and `kim.ipynb` are two entries: neither may take the other's place.
    return [Job(path, student=_name_student(path, whole=stems[_name_student(path)] > 1)) for path in entries]


def _list_not_on_roster(handed_in: list[HandedIn]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.student for item in handed_in if not item.on_roster))


def _name_student(path: Path, *, whole: bool = False) -> str:
    name = os.fsencode(path.name).decode("utf-8", "replace")
    return name if whole or path.is_dir() else name.split(".")[0]
