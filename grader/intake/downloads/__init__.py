"""A folder that a learning-management system wrote -> who handed in what, when, and which attempt it is.

One file a layout, tried from the most particular to the plainest; a new one is a module with a `LAYOUT`, listed here.
Everything that lies in the folder is either an attempt or set aside with a reason.
"""

import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.intake.downloads import blackboard, brightspace, canvas, github, gradescope, moodle, nbgrader, plain
from grader.intake.downloads.attempts import FindCandidate, HandedIn, Reading, read_attempts
from grader.intake.downloads.attribution import attribute
from grader.intake.downloads.layout import Aside, Find, Layout
from grader.intake.entries import is_noise
from grader.intake.folder import explain_irregular, scan
from grader.intake.roster import Roster
from grader.intake.submissions import find_candidate
from grader.model.errors import SubmissionNotFound, UsageError

__all__ = ["Download", "HandedIn", "Ignored", "is_run_folder", "keep_latest", "read_class"]

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
class Ignored:
    """Something that lies in a download and is not graded, and why."""

    entry: str
    reason: str


@dataclass(frozen=True)
class Download:
    """Every attempt by student, and then in the order in which they were handed in; and all the rest.

    `system` is the title of the system that laid it out; empty where a person did.
    """

    system: str
    attempts: tuple[HandedIn, ...]
    ignored: tuple[Ignored, ...]
    warnings: tuple[str, ...]


def read_class(
    folder: Path,
    roster: Roster | None = None,
    *,
    module: str = "",
    defines: Collection[str] = (),
    find: FindCandidate = find_candidate,
) -> Download:
    """Read a class folder.

    Where an attempt consists of several files, `module` and `defines` say which one is meant, by the same rule as in a
    directory; `find` looks into them. Raises SubmissionNotFound where there is nothing to grade, UsageError for a
    damaged list or a folder of results.
    """
    if not folder.is_dir():
        raise SubmissionNotFound(f"no folder {str(folder)!r}: pass the folder that holds the class's submissions")
    if is_run_folder(folder):
        raise UsageError(
            f"{str(folder)!r} holds the results of an earlier batch: pass the folder with what the students handed in"
        )
    layout, place, items = _recognise(folder)
    reading = Reading(layout, place, roster, module, defines, find)
    found = layout.find(place, [path for path in items if not is_run_folder(path)])
    finds = [item for item in found if isinstance(item, Find)]
    useless = {find.path for find in finds if find.doubtful and not _is_wanted(find, reading)}
    attempts, beside, warnings = read_attempts([find for find in finds if find.path not in useless], reading)
    if not attempts:
        raise SubmissionNotFound(f"nothing to grade in {str(folder)!r}: expected a folder or a file for each student")
    why = "no Python, notebook or archive, and named after no student of the roster"
    asides = [*_explain_rest(reading, items), *(item for item in found if isinstance(item, Aside))]
    asides += [*(Aside(path, why) for path in useless), *beside]
    reasons = {reading.name_entry(aside.path): aside.reason for aside in asides}
    for attempt in attempts:
        reasons.pop(attempt.entry, None)
    ignored = tuple(Ignored(name, reasons[name]) for name in sorted(reasons))
    return Download(layout.title, tuple(attempts), ignored, tuple(warnings))


def keep_latest(attempts: Sequence[HandedIn]) -> list[HandedIn]:
    """Return the last attempt of each student."""
    return list({item.student: item for item in attempts}.values())


def is_run_folder(folder: Path) -> bool:
    """Return whether this is what `grader batch` writes its results to."""
    return (folder / "gradebook.db").is_file() or (
        (folder / "reports").is_dir() and (folder / "summary.json").is_file()
    )


def _recognise(folder: Path) -> tuple[Layout, Path, list[Path]]:
    """Return the layout, the folder that has it, and what lies there."""
    items = [Path(item.path) for item in scan(folder) if not is_noise(item.name) and not _explain_irregular(item)]
    layout = next(layout for layout in LAYOUTS if layout.recognise(folder, items))
    if layout is plain.LAYOUT and len(items) == 1 and items[0].is_dir():
        # Unpacking a download often puts a folder around it.
        inner = _recognise(items[0])
        if inner[0] is not plain.LAYOUT:
            return inner
    return layout, folder, items


def _explain_irregular(item: os.DirEntry[str]) -> str:
    status = item.stat(follow_symlinks=False)
    return "" if stat.S_ISDIR(status.st_mode) else explain_irregular(status)


def _explain_rest(reading: Reading, items: Sequence[Path]) -> list[Aside]:
    """Return for everything in the folder why it would not be graded, where nothing better is known."""
    known = {path.name for path in items}
    asides = []
    for item in scan(reading.place):
        if irregular := _explain_irregular(item):
            reason = f"not read, since it {irregular}"
        elif item.name not in known:
            reason = "hidden, or made by a tool"
        elif is_run_folder(Path(item.path)):
            reason = "the results of an earlier batch"
        else:
            system = reading.layout.title
            reason = f"not named as {system} names what students hand in: grade it by itself, or give it such a name"
        asides.append(Aside(Path(item.path), reason))
    return asides


def _is_wanted(find: Find, reading: Reading) -> bool:
    """Say whether a doubtful file is named after a student of the roster, or holds what the assignment asks for."""
    if reading.roster is not None and attribute(find, reading.layout, reading.roster).student is not None:
        return True
    if not reading.defines:
        return False
    candidate = reading.find(find.path, module=reading.module, defines=reading.defines)
    return candidate is not None and candidate.count_found(reading.defines) > 0
