"""The files of a download -> attempts: which belong together, whose they are, and which of them counts."""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from grader.intake.candidates import Candidate, choose
from grader.intake.downloads import plain
from grader.intake.downloads.attribution import attribute
from grader.intake.downloads.layout import Aside, Find, Layout
from grader.intake.entries import read_name
from grader.intake.roster import Roster

_NEVER_CODE = re.compile(r"\.(?:pdf|docx?|pptx?|xlsx?|csv|html?|png|jpe?g|gif|heic|mp4)\Z", re.IGNORECASE)


class FindCandidate(Protocol):
    """`intake.submissions.find_candidate`, or the same behind a wall."""

    def __call__(
        self, path: Path, *, module: str, defines: Collection[str] = (), name: str = ""
    ) -> Candidate | None: ...


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
class Reading:
    """The terms by which a class is read; what the assignment asks for decides between several files."""

    layout: Layout
    place: Path
    roster: Roster | None
    module: str
    defines: Collection[str]
    find: FindCandidate

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
    by_name: bool = False
    reason: str = ""


def read_attempts(finds: Sequence[Find], reading: Reading) -> tuple[list[HandedIn], list[Aside], list[str]]:
    """Return the attempts by student, the files that do not count beside others, and warnings."""
    named = _drop_namesakes(_list_attempts(finds, reading), reading)
    by_student: dict[str, list[_Attempt]] = defaultdict(list)
    for attempt in named:
        by_student[attempt.student].append(attempt)
    warnings = [
        f"{reading.name_entry(attempt.finds[0].path)}: not attributed, since {attempt.reason}"
        for attempt in named
        if attempt.reason
    ]
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
        # Systems that count say which attempt a file is; for the others the order does.
        least = 1
        for item in sorted(chosen, key=lambda item: (item.submitted_at or "", item.attempt, os.fsencode(item.path))):
            attempts.append(replace(item, attempt=max(item.attempt, least)))
            least = attempts[-1].attempt + 1
    return attempts, beside, warnings + (_find_likely_doubles(attempts) if reading.roster is None else [])


def _list_attempts(finds: Iterable[Find], reading: Reading) -> list[_Attempt]:
    # Files that one student handed in together belong to one attempt.
    groups: dict[tuple[object, ...], list[Find]] = defaultdict(list)
    for find in finds:
        shared = find.name if not find.keys else ""
        groups[find.keys, find.shared, shared, find.submitted_at, find.attempt].append(find)
    attempts = []
    for group in map(tuple, groups.values()):
        find, roster = group[0], reading.roster
        if roster is None:
            attempts.append(_Attempt(group, [*find.keys, find.name][0], find.name, on_roster=False))
            continue
        found = attribute(find, reading.layout, roster)
        if (student := found.student) is None:
            attempts.append(_leave_unnamed(group, found.reason, reading))
        else:
            attempts.append(_Attempt(group, student.id, student.name, on_roster=True, by_name=found.by_name))
    return attempts


def _leave_unnamed(group: tuple[Find, ...], reason: str, reading: Reading) -> _Attempt:
    find = group[0]
    label = [*find.keys, find.name][0]
    if reading.roster and reading.roster.uses(label):
        # It must not look like that student's work to whatever reads the report.
        label = f"unknown: {reading.name_entry(find.path)}"
    return _Attempt(group, label, find.name, on_roster=False, reason=reason)


def _drop_namesakes(attempts: Sequence[_Attempt], reading: Reading) -> list[_Attempt]:
    """Take a student's name for no proof where a system has several users of that name."""
    if reading.layout.by_parts:
        return list(attempts)
    users: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for attempt in attempts:
        if attempt.on_roster:
            users[attempt.student].add(attempt.finds[0].keys)
    reason = f"{reading.layout.title} has several users of that name: fill in the roster's column for their ids"
    return [
        _leave_unnamed(attempt.finds, reason, reading)
        if attempt.by_name and len(users[attempt.student]) > 1
        else attempt
        for attempt in attempts
    ]


def _merge(attempts: Sequence[_Attempt]) -> tuple[list[_Attempt], bool]:
    """Put entries of one student together that no time or number sets apart. Whether there was more than one entry."""
    people = {(item.finds[0].keys, item.finds[0].shared) for item in attempts}
    ordered = any(item.finds[0].submitted_at or item.finds[0].attempt for item in attempts)
    if len(attempts) == 1 or ordered:
        return list(attempts), len(people) > 1
    finds = tuple(find for item in attempts for find in item.finds)
    return [replace(attempts[0], finds=finds)], True


def _choose_file(finds: Sequence[Find], reading: Reading) -> Find:
    # A report or a picture beside the code is common, and need not be read to be passed over.
    possible = [find for find in finds if not _NEVER_CODE.search(read_name(find.path.name))]
    if len(finds) == 1 or len(possible) == 1:
        return [*possible, *finds][0]
    by_candidate = []
    for find in sorted(possible, key=lambda find: find.order, reverse=True):
        candidate = reading.find(find.path, module=reading.module, defines=reading.defines, name=find.file_name)
        if candidate:
            by_candidate.append((candidate, find))
    chosen = choose([candidate for candidate, _ in by_candidate], reading.module, reading.defines)
    if chosen:
        return next(find for candidate, find in by_candidate if candidate is chosen)
    likely = [find for find in finds if find.path.is_dir() or plain.SOURCES.search(read_name(find.path.name))]
    return [*likely, *finds][0]


def _hand_in(attempt: _Attempt, find: Find, reading: Reading) -> HandedIn:
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


def _find_likely_doubles(attempts: Sequence[HandedIn]) -> list[str]:
    by_label: dict[str, set[str]] = defaultdict(set)
    for attempt in attempts:
        by_label[attempt.name].add(attempt.entry)
    return [
        f"{' and '.join(sorted(entries))} may be one student's: each is graded by itself"
        for name, entries in sorted(by_label.items())
        if name and len(entries) > 1
    ]
