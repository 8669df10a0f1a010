"""Attribute each part of a download to one student of the roster, and to none where that would be a guess.

The order: exact ids, then the whole name where it fits exactly one student, then parts of a file's name where they fit
exactly one. An id that is known to be another student's outweighs a name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from grader.intake.downloads.layout import Find, Layout
from grader.intake.roster import Roster, Student, squeeze

_WORD = re.compile(r"[^_\s()\[\].,+-]+")
_MOST_WORDS = 5
# `attention_2.py` is more likely a second version than the work of a student with the id 2.
_VERSION = re.compile(r"\d{1,3}")
# Where Moodle hides the names, it writes this in place of each.
_HIDDEN_NAMES = frozenset({"", "participant", "teilnehmer", "teilnehmerin", "participante", "참여자", "참가자"})


@dataclass(frozen=True)
class Attribution:
    """The student, or none and a reason for the staff; and whether nothing but a name speaks for the student."""

    student: Student | None = None
    reason: str = ""
    by_name: bool = False


def attribute(find: Find, layout: Layout, roster: Roster) -> Attribution:
    """Return the one student whose work this is."""
    exact = _match_ids(find, layout, roster)
    if exact:
        return _decide(exact, f"the ids {', '.join(map(repr, (*find.keys, *find.shared)))}", layout)
    named = roster.find_by_name(find.name)
    other = named[0].keys.get(layout.system, "") if len(named) == 1 else ""
    if other and find.keys and not layout.per_assignment:
        return Attribution(reason=f"the name fits {named[0].label}, whose {layout.title} id is {other}")
    if named:
        return replace(_decide(named, f"the name {find.name!r}", layout), by_name=True)
    if layout.by_parts:
        parts = _match_parts(find.name, roster)
        if parts:
            return _decide(parts, f"the name {find.name!r}", layout)
    return Attribution()


def _decide(students: Iterable[Student], what: str, layout: Layout) -> Attribution:
    found = list({student.id: student for student in students}.values())
    if len(found) == 1:
        return Attribution(found[0])
    labels = " and ".join(student.label for student in found)
    remedy = f"fill in the roster's column {layout.system!r}" if layout.system else "put the id into its name"
    return Attribution(reason=f"{what} could mean {labels}: {remedy}")


def _match_ids(find: Find, layout: Layout, roster: Roster) -> list[Student]:
    own = [student for key in find.keys for student in roster.find_by_system(layout.system, key)]
    if layout.per_assignment:
        own = [student for student in own if _agrees(student, find.name, roster)]
    if not own and not layout.numbered:
        own = [student for key in find.keys for student in roster.find_by_id(key)]
    shared = [student for key in find.shared for student in roster.find_by_id(key)]
    if not own and not shared and layout.numbered and not roster.knows_system(layout.system):
        # A short roster may have the system's numbers for ids, and another's numbers just as well.
        by_id = [student for key in find.keys for student in roster.find_by_id(key)]
        own = [student for student in by_id if _agrees(student, find.name, roster)]
    return own + shared


def _agrees(student: Student, name: str, roster: Roster) -> bool:
    return squeeze(name) in _HIDDEN_NAMES or not student.name or student in roster.find_by_name(name)


def _match_parts(label: str, roster: Roster) -> list[Student]:
    """Return the students whose ids or whole names are in a label, the longest first; no word counts twice."""
    words = list(_WORD.finditer(label))
    taken: set[int] = set()
    found: list[Student] = []
    for size in range(min(len(words), _MOST_WORDS), 0, -1):
        for start in range(len(words) - size + 1):
            places = range(start, start + size)
            text = label[words[start].start() : words[start + size - 1].end()]
            students = [] if taken.intersection(places) else _match_text(text, roster, single=size == 1)
            if students:
                found += students
                taken.update(places)
    return found


def _match_text(text: str, roster: Roster, *, single: bool) -> list[Student]:
    if _VERSION.fullmatch(text):
        return []
    by_id = [*roster.find_by_id(text)]
    # `mei` may be one student's id and another's first name.
    namesakes = [*roster.find_by_word(text)] if single and by_id else []
    return by_id + namesakes or [*roster.find_by_name(text)]
