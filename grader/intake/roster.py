"""Who is in the class, and under which names the learning-management systems know them.

A roster is a CSV in UTF-8 (or cp949) with a header; besides its own columns (id, name, email, section, group,
extension_days, login, canvas, moodle, blackboard, brightspace, gradescope, github, lti) the headers of the systems' own
lists are understood.
"""

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from grader.intake.decoding import decode
from grader.model.errors import SubmissionRefused, UsageError

Key = TypeVar("Key")

_COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "student id", "student_id", "sid", "sis user id", "orgdefinedid", "학번"),
    "name": ("name", "full name", "student", "이름", "성명"),
    "first": ("first name", "first_name"),
    "last": ("last name", "last_name"),
    "email": ("email", "email address", "e-mail", "이메일"),
    "login": ("login", "username", "sis login id"),
    "canvas": ("canvas", "canvas_id"),
    "moodle": ("moodle", "moodle_id", "identifier"),
    "blackboard": ("blackboard", "blackboard_id"),
    "brightspace": ("brightspace", "brightspace_id"),
    "gradescope": ("gradescope", "gradescope_id"),
    "github": ("github", "github_username"),
    "lti": ("lti", "lti_sub", "sub"),
    "section": ("section", "sections", "분반"),
    "group": ("group", "team", "조"),
    "extension": ("extension_days", "extension", "연장"),
}
_SYSTEMS = ("login", "canvas", "moodle", "blackboard", "brightspace", "gradescope", "github", "lti")


@dataclass(frozen=True)
class Student:
    """One row of a roster; `keys` maps a system to the student's id there."""

    id: str
    name: str = ""
    email: str = ""
    section: str = ""
    group: str = ""
    extension_days: float = 0.0
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Roster:
    """A class. Whoever cannot be told apart from somebody else is not found: a grade must not go to a namesake."""

    students: tuple[Student, ...]

    def find(self, *, keys: Iterable[str] = (), name: str = "", system: str = "") -> Student | None:
        """The student with one of these keys (`system`'s own ones first), or else with this name in either order."""
        folded = [key.casefold() for key in keys if key]
        found = [self._by_system.get((system, key)) for key in folded]
        found += [self._by_key.get(key) for key in folded]
        found.append(self._by_name.get(squeeze(name)))
        return next((student for student in found if student), None)

    @cached_property
    def _by_system(self) -> dict[tuple[str, str], Student]:
        return _index(((system, key.casefold()), s) for s in self.students for system, key in s.keys.items())

    @cached_property
    def _by_key(self) -> dict[str, Student]:
        # Ids that people type and that systems share; not a system's running numbers, which another may use too.
        shared = ((key, student) for student in self.students for key in _list_shared_keys(student))
        return _index((key.casefold(), student) for key, student in shared if key)

    @cached_property
    def _by_name(self) -> dict[str, Student]:
        return _index((form, student) for student in self.students for form in list_name_forms(student.name))


def read_roster(path: Path) -> Roster:
    """Read a CSV. Raises UsageError, with the line, where a student has no id or shares one."""
    rows = read_table(path, "a CSV with id, name, email")
    columns = _map_columns(rows[0] if rows else [])
    if not columns.keys() & {"id", "login", "email"}:
        raise UsageError(f"{path.name} has no column for the students' ids: name one of its columns 'id'")
    students: dict[str, Student] = {}
    for line, row in enumerate(rows[1:], start=2):
        values = {column: row[index].strip() for column, index in columns.items() if index < len(row)}
        if not any(values.values()) or values.get("name") == "Points Possible":  # Canvas's second header
            continue
        student = _make_student(values, f"{path.name}, line {line}")
        if student.id in students:
            raise UsageError(f"{path.name}, line {line}: the id {student.id!r} is there twice; ids must differ")
        students[student.id] = student
    return Roster(tuple(students.values()))


def read_table(path: Path, wanted: str) -> list[list[str]]:
    """The rows of a CSV in whatever dialect a spreadsheet saved it. Raises UsageError, naming what was `wanted`."""
    try:
        text = decode(path.read_bytes(), path.name)
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except OSError as error:
        raise UsageError(f"nothing to read at {str(path)!r} ({error.strerror}): pass {wanted}") from error
    except (SubmissionRefused, csv.Error) as error:
        raise UsageError(f"{path.name} is no table that can be read ({error}): pass {wanted}") from error


def squeeze(name: str) -> str:
    """A name without spaces, punctuation, case and composition, as the systems write it into file names."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", name).casefold())


def list_name_forms(name: str) -> set[str]:
    """`Jane Mary Doe` or `Doe, Jane Mary`, joined with the given name first and with the family name first."""
    family, _, given = name.partition(",")
    words = [*given.split(), *family.split()]
    return {form for form in (squeeze("".join(words)), squeeze("".join([*words[-1:], *words[:-1]]))) if form}


def _index(pairs: Iterable[tuple[Key, Student]]) -> dict[Key, Student]:
    found: dict[Key, dict[str, Student]] = defaultdict(dict)
    for key, student in pairs:
        found[key][student.id] = student
    return {key: next(iter(students.values())) for key, students in found.items() if len(students) == 1}


def _list_shared_keys(student: Student) -> list[str]:
    return [student.id, student.email, student.email.partition("@")[0], student.keys.get("login", "")]


def _map_columns(header: Sequence[str]) -> dict[str, int]:
    titles = [title.strip().lstrip("#").casefold() for title in header]
    columns = {
        column: next(titles.index(alias) for alias in aliases if alias in titles)
        for column, aliases in _COLUMNS.items()
        if any(alias in titles for alias in aliases)
    }
    if {"sis user id", "id"} <= set(titles):  # a Canvas gradebook, whose ID is Canvas's own
        columns |= {"id": titles.index("sis user id"), "canvas": titles.index("id")}
    return columns


def _make_student(values: Mapping[str, str], place: str) -> Student:
    student_id = next((values[column] for column in ("id", "login", "email") if values.get(column)), "")
    if not student_id:
        raise UsageError(f"{place}: {values.get('name') or 'a student'} has no id; fill it in")
    full_name = values.get("name") or f"{values.get('first', '')} {values.get('last', '')}"
    return Student(
        id=student_id.removeprefix("#"),
        name=" ".join(full_name.split()),
        email=values.get("email", ""),
        section=values.get("section", ""),
        group=values.get("group", ""),
        extension_days=_read_days(values.get("extension", ""), place),
        keys={system: _clean_key(values[system]) for system in _SYSTEMS if values.get(system)},
    )


def _clean_key(key: str) -> str:
    # Moodle writes `Participant 12`, Brightspace `#jdoe`.
    return key.removeprefix("Participant ").removeprefix("#")


def _read_days(text: str, place: str) -> float:
    try:
        days = float(text or 0)
    except ValueError:
        days = -1.0
    if not 0 <= days < 1000:
        raise UsageError(f"{place}: {text!r} is no number of days; write 0, 2 or 1.5")
    return days
