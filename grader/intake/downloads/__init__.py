"""A folder that a learning-management system wrote -> who handed in what, when, and which attempt it is.

One file a layout, tried from the most particular to the plainest; a new one is a module with a `LAYOUT`, listed here.
Everything that lies in the folder is either an attempt or set aside with a reason.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.intake.candidates import choose
from grader.intake.downloads import blackboard, brightspace, canvas, github, gradescope, moodle, nbgrader, plain
from grader.intake.downloads.attribution import attribute
from grader.intake.downloads.layout import Aside, Find, Layout
from grader.intake.entries import is_noise, read_name
from grader.intake.folder import scan
from grader.intake.roster import Roster
from grader.intake.submissions import find_candidate
from grader.model.errors import SubmissionNotFound, UsageError

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
    """One attempt of one student. `student` is the roster's id, or the system's own where `on_roster` is false.

    `entry` is what lies in the download, `key` the system's id, `note` how the work came to be this student's.
    """

    student: str
    path: Path
    submitted_at: str | None
    late: bool
    attempt: int
    name: str = ""
    on_roster: bool = False
    entry: str = ""
    key: str = ""
    note: str = ""


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


@dataclass(frozen=True)
class _Reading:
    """What a class is read by. By what the assignment asks for the right one of several files is known."""

    layout: Layout
    place: Path
    roster: Roster | None
    module: str
    defines: Collection[str]

    def name_entry(self, path: Path) -> str:
        """Return what lies in the download, of which the path may be a part."""
        return read_name(path.relative_to(self.place).parts[0])


@dataclass(frozen=True)
class _Attempt:
    """The files that one person handed in together, and whose they are."""

    finds: tuple[Find, ...]
    student: str
    name: str
    on_roster: bool
    reason: str = ""


def read_class(
    folder: Path, roster: Roster | None = None, *, module: str = "", defines: Collection[str] = ()
) -> Download:
    """Read a class folder.

    Where an attempt consists of several files, `module` and `defines` say which one is meant, by the same rule as in a
    directory. Raises SubmissionNotFound where there is nothing to grade, UsageError for a damaged list or a folder of
    results.
    """
    if not folder.is_dir():
        raise SubmissionNotFound(f"no folder {str(folder)!r}: pass the folder that holds the class's submissions")
    if is_run_folder(folder):
        raise UsageError(
            f"{str(folder)!r} holds the results of an earlier batch: pass the folder with what the students handed in"
        )
    layout, place, items = _recognise(folder)
    reading = _Reading(layout, place, roster, module, defines)
    found = layout.find(place, [path for path in items if not is_run_folder(path)])
    finds, doubtful = _sort_out([item for item in found if isinstance(item, Find)], reading)
    attempts, beside, warnings = _read_attempts(finds, reading)
    if not attempts:
        raise SubmissionNotFound(f"nothing to grade in {str(folder)!r}: expected a folder or a file for each student")
    asides = [*_explain_rest(reading, items), *(item for item in found if isinstance(item, Aside)), *doubtful, *beside]
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
    items = [Path(item.path) for item in scan(folder) if not item.is_symlink() and not is_noise(item.name)]
    layout = next(layout for layout in LAYOUTS if layout.recognise(folder, items))
    if layout is plain.LAYOUT and len(items) == 1 and items[0].is_dir():
        # Unpacking a download often puts a folder around it.
        inner = _recognise(items[0])
        if inner[0] is not plain.LAYOUT:
            return inner
    return layout, folder, items


def _explain_rest(reading: _Reading, items: Sequence[Path]) -> list[Aside]:
    """Return for everything in the folder why it would not be graded, where nothing better is known."""
    known = {path.name for path in items}
    asides = []
    for item in scan(reading.place):
        if item.is_symlink():
            reason = "a link, which is not followed"
        elif item.name not in known:
            reason = "hidden, or made by a tool"
        elif is_run_folder(Path(item.path)):
            reason = "the results of an earlier batch"
        else:
            system = reading.layout.title
            reason = f"not named as {system} names what students hand in: grade it by itself, or give it such a name"
        asides.append(Aside(Path(item.path), reason))
    return asides


def _sort_out(finds: Sequence[Find], reading: _Reading) -> tuple[list[Find], list[Aside]]:
    """Separate doubtful files that are somebody's work from those that are not."""
    kept, asides = [], []
    for find in finds:
        if not find.doubtful or _holds_wanted(find, reading) or _is_named(find, reading):
            kept.append(find)
        else:
            asides.append(Aside(find.path, "no Python, notebook or archive, and named after no student of the roster"))
    return kept, asides


def _holds_wanted(find: Find, reading: _Reading) -> bool:
    if not reading.defines:
        return False
    candidate = find_candidate(find.path, module=reading.module, defines=reading.defines)
    return candidate is not None and candidate.count_found(reading.defines) > 0


def _is_named(find: Find, reading: _Reading) -> bool:
    return reading.roster is not None and attribute(find, reading.layout, reading.roster).student is not None


def _read_attempts(finds: Sequence[Find], reading: _Reading) -> tuple[list[HandedIn], list[Aside], list[str]]:
    by_student: dict[str, list[_Attempt]] = defaultdict(list)
    warnings = []
    for group in _group_attempts(finds):
        attempt = _name_student(group, reading)
        by_student[attempt.student].append(attempt)
        if attempt.reason:
            warnings.append(f"{reading.name_entry(group[0].path)}: not attributed, since {attempt.reason}")
    attempts: list[HandedIn] = []
    beside: list[Aside] = []
    for student in sorted(by_student):
        merged, is_doubled = _merge(by_student[student])
        chosen = []
        for attempt in merged:
            find = _choose_file(attempt.finds, reading)
            chosen.append(_hand_in(attempt, find, reading))
            others = [other for other in attempt.finds if other.path != find.path]
            beside += [Aside(other.path, f"handed in with {chosen[-1].entry}, which counts") for other in others]
        if is_doubled:
            places = " and ".join(sorted({reading.name_entry(find.path) for item in merged for find in item.finds}))
            counts = "the last one counts" if len(merged) > 1 else f"{chosen[0].entry} counts"
            warnings.append(f"{student}: more than one entry: {places}; {counts}")
        attempts += _number(chosen)
    return attempts, beside, warnings + (_find_likely_doubles(attempts) if reading.roster is None else [])


def _group_attempts(finds: Iterable[Find]) -> list[tuple[Find, ...]]:
    # Files that one student handed in together belong to one attempt.
    groups: dict[tuple[object, ...], list[Find]] = defaultdict(list)
    for find in finds:
        shared = find.name if not find.keys else ""
        groups[find.keys, find.shared, shared, find.submitted_at, find.attempt].append(find)
    return [tuple(group) for group in groups.values()]


def _name_student(group: tuple[Find, ...], reading: _Reading) -> _Attempt:
    find, roster = group[0], reading.roster
    label = [*find.keys, find.name][0]
    if roster is None:
        return _Attempt(group, label, find.name, on_roster=False)
    attribution = attribute(find, reading.layout, roster)
    if attribution.student:
        return _Attempt(group, attribution.student.id, attribution.student.name, on_roster=True)
    if roster.uses(label):
        # It must not look like that student's work to whatever reads the report.
        label = f"unknown: {reading.name_entry(find.path)}"
    return _Attempt(group, label, find.name, on_roster=False, reason=attribution.reason)


def _merge(attempts: Sequence[_Attempt]) -> tuple[list[_Attempt], bool]:
    """Put entries of one student together that no time or number sets apart. Whether there was more than one entry."""
    people = {(item.finds[0].keys, item.finds[0].shared) for item in attempts}
    ordered = any(item.finds[0].submitted_at or item.finds[0].attempt for item in attempts)
    if len(attempts) == 1 or ordered:
        return list(attempts), len(people) > 1
    finds = tuple(find for item in attempts for find in item.finds)
    return [replace(attempts[0], finds=finds)], True


def _choose_file(finds: Sequence[Find], reading: _Reading) -> Find:
    if len(finds) == 1:
        return finds[0]
    by_candidate = []
    for find in sorted(finds, key=lambda find: find.order, reverse=True):
        candidate = find_candidate(find.path, module=reading.module, defines=reading.defines, name=find.file_name)
        if candidate:
            by_candidate.append((candidate, find))
    chosen = choose([candidate for candidate, _ in by_candidate], reading.module, reading.defines)
    if chosen:
        return next(find for candidate, find in by_candidate if candidate is chosen)
    likely = [find for find in finds if find.path.is_dir() or plain.SOURCES.search(read_name(find.path.name))]
    return [*likely, *finds][0]


def _hand_in(attempt: _Attempt, find: Find, reading: _Reading) -> HandedIn:
    return HandedIn(
        student=attempt.student,
        path=find.path,
        submitted_at=find.submitted_at,
        late=any(item.late for item in attempt.finds),
        attempt=find.attempt,
        name=attempt.name,
        on_roster=attempt.on_roster,
        entry=reading.name_entry(find.path),
        key=[*find.keys, find.name][0],
    )


def _number(attempts: Sequence[HandedIn]) -> list[HandedIn]:
    # Systems that count say which attempt a file is; for the others the order does.
    numbered: list[HandedIn] = []
    for item in sorted(attempts, key=lambda item: (item.submitted_at or "", item.attempt, os.fsencode(item.path))):
        least = numbered[-1].attempt + 1 if numbered else 1
        numbered.append(replace(item, attempt=max(item.attempt, least)))
    return numbered


def _find_likely_doubles(attempts: Sequence[HandedIn]) -> list[str]:
    by_label: dict[str, set[str]] = defaultdict(set)
    for attempt in attempts:
        by_label[attempt.name].add(attempt.entry)
    return [
        f"{' and '.join(sorted(entries))} may be one student's: each is graded by itself"
        for name, entries in sorted(by_label.items())
        if name and len(entries) > 1
    ]
