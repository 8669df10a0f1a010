"""When work was handed in, from a list of its own: some systems leave it out of the names of their files."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from grader.intake.downloads import HandedIn
from grader.intake.downloads.dates import read_date
from grader.intake.roster import Roster, Student, read_table
from grader.model.errors import UsageError

_TIME_TITLES = (
    "submitted_at",
    "submitted at",
    "submitted",
    "submission time",
    "time",
    "timestamp",
    "제출 시각",
    "제출시각",
)
_WANTED = "a CSV with the columns student and submitted_at"

Times = Mapping[str, str]


def read_times(path: Path) -> Times:
    """Return the time of each student or entry, by the folded id.

    Reads a CSV of which one column is `submitted_at` and the others say whose time it is, or what Canvas's API answers
    to a request for an assignment's submissions (.json). Raises UsageError for what cannot be read.
    """
    rows = _read_json(path) if path.suffix.lower() == ".json" else _read_rows(path)
    times: dict[str, str] = {}
    for place, keys, text in rows:
        if not text.strip():
            continue
        time = _read_time(text, place)
        for key in filter(None, map(_fold, keys)):
            if times.setdefault(key, time) != time:
                raise UsageError(f"{place}: {key!r} is there twice, with another time; keep one of them")
    return times


def apply_times(attempts: Sequence[HandedIn], times: Times, roster: Roster | None) -> tuple[list[HandedIn], list[str]]:
    """Return the attempts with their times, each student's in the order of time; and warnings.

    A time by the name of an entry is that entry's; a time by a student's id needs the student to have one attempt.
    """
    students = {student.id: student for student in roster.students} if roster else {}
    by_student: dict[str, list[HandedIn]] = defaultdict(list)
    used: set[str] = set()
    warnings = []
    for item in attempts:
        by_student[item.student].append(item)
    for name, items in by_student.items():
        timed = []
        for item in items:
            keys = [item.entry, *(_list_keys(item, students.get(name)) if len(items) == 1 else [])]
            found = {_fold(key): times[_fold(key)] for key in keys if _fold(key) in times}
            used |= found.keys()
            if len(set(found.values())) > 1:
                warnings.append(
                    f"{name}: no time taken over, since the list has {' and '.join(sorted(found.values()))}"
                )
            timed.append(replace(item, submitted_at=min(found.values())) if len(set(found.values())) == 1 else item)
        if all(item.submitted_at for item in timed):
            timed.sort(key=lambda item: datetime.fromisoformat(item.submitted_at or "").timestamp())
        by_student[name] = timed
    if unused := sorted(_list_unused(times, used, students.values())):
        warnings.append(f"times of {len(unused)} fit no submission: {', '.join(unused[:10])}")
    return [item for items in by_student.values() for item in items], warnings


def _list_keys(item: HandedIn, student: Student | None) -> list[str]:
    own = [student.email, *student.keys.values()] if student else []
    return [item.student, item.key, *own]


def _list_unused(times: Times, used: set[str], students: Iterable[Student]) -> set[str]:
    # A row may name a student in two ways, and the class list may hold students who handed in nothing.
    known = {_fold(key) for student in students for key in (student.id, student.email, *student.keys.values())}
    known |= {_fold(student.name) for student in students}
    return {key for key in times.keys() - used if key not in known}


def _read_rows(path: Path) -> list[tuple[str, list[str], str]]:
    header, *rows = read_table(path, _WANTED) or [[]]
    titles = [title.strip().casefold() for title in header]
    at = next((titles.index(title) for title in _TIME_TITLES if title in titles), None)
    if at is None or len(titles) < 2:
        raise UsageError(
            f"{path.name} has no column submitted_at beside one that says whose time it is: pass {_WANTED}"
        )
    return [
        (f"{path.name}, line {line}", [cell for index, cell in enumerate(row) if index != at], row[at])
        for line, row in enumerate(rows, start=2)
        if len(row) > at
    ]


def _read_json(path: Path) -> list[tuple[str, list[str], str]]:
    try:
        items = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path.name} cannot be read ({error}): pass {_WANTED}") from error
    if not isinstance(items, list) or not all(isinstance(item, dict) and "user_id" in item for item in items):
        raise UsageError(f"{path.name} is no list of Canvas's submissions, each with a user_id: pass {_WANTED}")
    return [
        (f"{path.name}, submission {number}", [str(item["user_id"])], str(item.get("submitted_at") or ""))
        for number, item in enumerate(items, start=1)
    ]


def _read_time(text: str, place: str) -> str:
    try:
        return datetime.fromisoformat(text.strip()).isoformat()
    except ValueError:
        pass
    if time := read_date(text):
        return time
    raise UsageError(f"{place}: {text!r} is no time that is understood; write 2025-10-10T22:05:00+09:00")


def _fold(key: str) -> str:
    return key.strip().casefold()
