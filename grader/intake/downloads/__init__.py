"""A folder that a learning-management system wrote -> who handed in what, when, and which attempt it is.

One file a layout, tried from the most particular to the plainest; a new one is a module with a `LAYOUT`, listed here.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.intake.candidates import choose, list_promising, read_candidate
from grader.intake.downloads import blackboard, brightspace, canvas, github, gradescope, moodle, nbgrader, plain
from grader.intake.downloads.layout import Find, Layout
from grader.intake.entries import is_noise
from grader.intake.folder import open_file, scan
from grader.intake.roster import Roster
from grader.model.errors import SubmissionNotFound

LAYOUTS: tuple[Layout, ...] = (
    gradescope.LAYOUT,
    moodle.LAYOUT,
    blackboard.LAYOUT,
    brightspace.LAYOUT,
    canvas.LAYOUT,
    github.LAYOUT,
    nbgrader.LAYOUT,
    plain.LAYOUT,
)


@dataclass(frozen=True)
class HandedIn:
    """One attempt of one student. `student` is the roster's id, or the system's own where `on_roster` is false."""

    student: str
    path: Path
    submitted_at: str | None
    late: bool
    attempt: int
    name: str = ""
    on_roster: bool = False


def read_class(
    folder: Path, roster: Roster | None = None, *, module: str = "", defines: Collection[str] = ()
) -> list[HandedIn]:
    """Every attempt in a download, by student and then in the order in which they were handed in.

    Where an attempt consists of several files, `module` and `defines` say which one is meant, by the same rule as in a
    directory. Raises SubmissionNotFound where there is nothing to grade, UsageError for a damaged list.
    """
    if not folder.is_dir():
        raise SubmissionNotFound(f"no folder {str(folder)!r}: pass the folder that holds the class's submissions")
    layout, place, items = _recognise(folder)
    finds = layout.find(place, items)
    if not finds:
        raise SubmissionNotFound(f"nothing to grade in {str(folder)!r}: expected a folder or a file for each student")
    by_student: dict[str, list[HandedIn]] = defaultdict(list)
    for attempt in _group_attempts(finds):
        find = _choose_file(attempt, module, defines)
        handed_in = _name_student(find, layout, roster)
        by_student[handed_in.student].append(handed_in)
    return [item for student in sorted(by_student) for item in _number(by_student[student])]


def keep_latest(attempts: Sequence[HandedIn]) -> list[HandedIn]:
    """The last attempt of each student."""
    return list({item.student: item for item in attempts}.values())


def is_download(folder: Path) -> bool:
    """Whether some system laid that folder out, rather than a person."""
    return folder.is_dir() and _recognise(folder)[0] is not plain.LAYOUT


def _recognise(folder: Path) -> tuple[Layout, Path, list[Path]]:
    """The layout, the folder that has it, and what lies there."""
    items = [Path(item.path) for item in scan(folder) if not item.is_symlink() and not is_noise(item.name)]
    layout = next(layout for layout in LAYOUTS if layout.recognise(folder, items))
    if layout is plain.LAYOUT and len(items) == 1 and items[0].is_dir():
        # Unpacking a download often puts a folder around it.
        inner = _recognise(items[0])
        if inner[0] is not plain.LAYOUT:
            return inner
    return layout, folder, items


def _group_attempts(finds: Sequence[Find]) -> list[list[Find]]:
    # Files that one student handed in together belong to one attempt.
    groups: dict[tuple[object, ...], list[Find]] = defaultdict(list)
    for find in finds:
        groups[find.keys, find.name, find.submitted_at, find.attempt].append(find)
    return list(groups.values())


def _choose_file(attempt: Sequence[Find], module: str, defines: Collection[str]) -> Find:
    if len(attempt) == 1:
        return attempt[0]
    entries = {open_file(find.path, find.file_name): find for find in attempt if find.path.is_file()}
    candidates = [read_candidate(entry, defines) for entry in list_promising(list(entries), module)]
    if chosen := choose(candidates, module, defines):
        return entries[chosen.entry]
    packed = [find for find in attempt if find.path.suffix.lower() in plain.SOURCES]
    return [*packed, *attempt][0]


def _name_student(find: Find, layout: Layout, roster: Roster | None) -> HandedIn:
    student = roster.find(keys=find.keys, name=find.name, system=layout.system) if roster else None
    return HandedIn(
        student=student.id if student else [*find.keys, find.name][0],
        path=find.path,
        submitted_at=find.submitted_at,
        late=find.late,
        attempt=find.attempt,
        name=student.name if student else find.name,
        on_roster=student is not None,
    )


def _number(attempts: Sequence[HandedIn]) -> list[HandedIn]:
    # Systems that count say which attempt a file is; for the others the order does.
    numbered: list[HandedIn] = []
    for item in sorted(attempts, key=lambda item: (item.submitted_at or "", item.attempt, str(item.path))):
        least = numbered[-1].attempt + 1 if numbered else 1
        numbered.append(replace(item, attempt=max(item.attempt, least)))
    return numbered
