"""Times of submission from a list of its own: some systems leave it out of the names of their files."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from grader.intake.downloads import HandedIn
from grader.intake.downloads.dates import read_date
from grader.intake.roster import Roster, read_table
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
_KEY_TITLES = frozenset(
    [*"student id user user_id email login username canvas entry file 학번 이메일".split(), "student id", "user id"]
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
        try:
            time = datetime.fromisoformat(text.strip()).isoformat()
        except ValueError:
            time = read_date(text) or ""
        if not time:
            raise UsageError(f"{place}: {text!r} is no time that is understood; write 2025-10-10T22:05:00+09:00")
        for key in filter(None, map(_fold, keys)):
            if times.setdefault(key, time) != time:
                raise UsageError(f"{place}: {key!r} is there twice, with another time; keep one of them")
    return times


def apply_times(attempts: Sequence[HandedIn], times: Times, roster: Roster | None) -> tuple[list[HandedIn], list[str]]:
    """Return the attempts with their times, each student's in the order of time; and warnings.

    A time by the name of an entry is that entry's; a time by a student's id needs the student to have one attempt.
    """
    # The students whom each name of an entry or a student could mean.
    owners: dict[str, set[str]] = defaultdict(set)
    by_student: dict[str, list[HandedIn]] = defaultdict(list)
    for item in attempts:
        by_student[item.student].append(item)
        for key in (item.entry, item.student, item.key):
            owners[_fold(key)].add(item.student)
    for student in roster.students if roster else ():
        for key in (student.id, student.email, *student.keys.values()):
            owners[_fold(key)].add(student.id)
    warnings = []
    for name, items in by_student.items():
        own = {key for key in times if owners.get(key) == {name}} if len(items) == 1 else set()
        for place, item in enumerate(items):
            found = {times[key] for key in own | {_fold(item.entry)} if key in times}
            if len(found) > 1:
                warnings.append(f"{name}: no time taken over, since the list has {' and '.join(sorted(found))}")
            elif found:
                items[place] = replace(item, submitted_at=found.pop())
        if all(item.submitted_at for item in items):
            items.sort(key=lambda item: datetime.fromisoformat(item.submitted_at or "").timestamp())
    unused = sorted(key for key in times if len(owners.get(key, ())) != 1)
    if unused:
        shown = ", ".join(unused)
        warnings.append(f"times of {len(unused)} not taken over, since they fit no student or more than one: {shown}")
    return [item for items in by_student.values() for item in items], warnings


def _read_rows(path: Path) -> list[tuple[str, list[str], str]]:
    header, *rows = read_table(path, _WANTED) or [[]]
    titles = [title.strip().casefold() for title in header]
    at = next((titles.index(title) for title in _TIME_TITLES if title in titles), None)
    if at is None or len(titles) < 2:
        raise UsageError(
            f"{path.name} has no column submitted_at beside one that says whose time it is: pass {_WANTED}"
        )
    # Other columns, such as a name or a state, say nothing that is one student's alone.
    named = [index for index, title in enumerate(titles) if title in _KEY_TITLES] or [0 if at else 1]
    return [
        (f"{path.name}, line {line}", [cell for index, cell in enumerate(row) if index in named], row[at])
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


def _fold(key: str) -> str:
    return key.strip().casefold()
