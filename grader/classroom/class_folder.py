"""A class folder -> the students to grade: one job each, whichever system laid the folder out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.groups import share_group_work
from grader.classroom.times import Times, apply_times
from grader.grading.job import Job
from grader.intake.downloads import HandedIn, Ignored, keep_latest, read_class
from grader.intake.downloads.attempts import FindCandidate
from grader.intake.roster import Roster
from grader.intake.submissions import find_candidate
from grader.model.assignment import Assignment


@dataclass(frozen=True)
class ClassSubmissions:
    """One job a student, or one an attempt where the best counts; and what the staff may want to know of the class.

    `ignored` names everything else that lies in the folder.
    """

    jobs: list[Job]
    late: tuple[str, ...] = ()
    not_on_roster: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    warnings: tuple[str, ...] = ()


def collect_submissions(
    folder: Path,
    assignment: Assignment,
    roster: Roster | None = None,
    times: Times | None = None,
    *,
    find: FindCandidate = find_candidate,
) -> ClassSubmissions:
    """Return the attempts that may count; `find` looks into their files.

    Raises SubmissionNotFound where there is none, UsageError for bad lists.
    """
    download = read_class(folder, roster, module=assignment.module, defines=assignment.defines, find=find)
    warnings = [*(roster.warnings if roster else ()), *download.warnings]
    attempts: Sequence[HandedIn] = download.attempts
    if times is not None:
        attempts, said = apply_times(attempts, times, roster)
        warnings += said
    ignored = list(download.ignored)
    if assignment.description.attempt == "last":
        latest = keep_latest(attempts)
        later = {item.student: item.entry for item in latest}
        kept = set(later.values())
        earlier = {item.entry: item.student for item in attempts if item.entry not in kept}
        ignored += [
            Ignored(entry, f"an earlier attempt of {student}: {later[student]} is graded")
            for entry, student in earlier.items()
        ]
        attempts = latest
    if roster:
        attempts, said = share_group_work(attempts, roster)
        warnings += said
    if assignment.description.late:
        warnings += _warn_of_lacking_times(attempts, download.system)
    here = {item.student for item in attempts}
    extensions = {student.id: student.extension_days for student in roster.students} if roster else {}
    expected = [student.id for student in roster.students if not student.is_test] if roster else []
    return ClassSubmissions(
        [_make_job(item, extensions.get(item.student, 0.0)) for item in attempts],
        late=tuple(dict.fromkeys(item.student for item in attempts if item.late)),
        not_on_roster=tuple(dict.fromkeys(item.student for item in attempts if not item.on_roster)) if roster else (),
        missing=tuple(student for student in expected if student not in here),
        ignored=tuple(sorted(ignored, key=lambda item: item.entry)),
        warnings=tuple(warnings),
    )


def list_jobs(folder: Path) -> list[Job]:
    """Return one job for each entry of a class folder. Raises SubmissionNotFound where there is none."""
    return [_make_job(item, 0.0) for item in read_class(folder).attempts]


def _make_job(item: HandedIn, extension_days: float) -> Job:
    return Job(
        item.path,
        item.student,
        item.submitted_at,
        extension_days=extension_days,
        entry=item.entry,
        notes=(item.note,) if item.note else (),
        name=item.name if item.name != item.student else "",
    )


def _warn_of_lacking_times(attempts: Sequence[HandedIn], system: str) -> list[str]:
    lacking = list(dict.fromkeys(item.student for item in attempts if item.submitted_at is None))
    if not lacking:
        return []
    names = ", ".join(lacking)
    source = f"what {system} wrote does not say" if system else "nothing says"
    return [
        f"no late penalty for {len(lacking)} of {len(attempts)}, since {source} when they were handed in ({names}): "
        "pass --times CSV with the columns student and submitted_at"
    ]
