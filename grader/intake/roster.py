"""The students of a class, and the names under which the learning-management systems know them.

A roster is a CSV in UTF-8, UTF-16 or cp949 with a header. Besides its own columns (id, name, email, section, group,
language, extension_days, login, canvas, moodle, blackboard, brightspace, gradescope, github, lti) the headers of the
systems' own lists are understood.
"""

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from grader.intake.decoding import decode
from grader.intake.roster_columns import list_warnings, map_columns
from grader.model.errors import SubmissionRefused, UsageError

Key = TypeVar("Key")

_TEST_STUDENT = "student, test"
# Canvas gives its test student a digest for a login.
_TEST_LOGIN = re.compile(r"[0-9a-f]{32,40}")
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
    is_test: bool = False
    language: str = ""

    @property
    def label(self) -> str:
        """Return the name with the id, for messages to staff."""
        return f"{self.name} ({self.id})" if self.name else self.id


@dataclass(frozen=True)
class Roster:
    """A class. A student who could be confused with another is not found: a grade must not go to a namesake.

    `warnings` says what in the file was not understood.
    """

    students: tuple[Student, ...]
    warnings: tuple[str, ...] = ()

    def find(self, *, keys: Iterable[str] = (), name: str = "", system: str = "") -> Student | None:
        """Return the student with one of these keys (`system`'s own first), or else the only one with this name."""
        keys = [key for key in keys if key]
        tries = [self.find_by_system(system, key) for key in keys]
        tries += [self.find_by_id(key) for key in keys]
        tries.append(self.find_by_name(name))
        return next((found[0] for found in tries if len(found) == 1), None)

    def find_by_system(self, system: str, key: str) -> tuple[Student, ...]:
        """Return the students whose id in that system this is."""
        return self._by_system.get((system, _fold(key)), ())

    def find_by_id(self, key: str) -> tuple[Student, ...]:
        """Return the students with this id, login or e-mail address, or else with this before the @."""
        return self._by_id.get(_fold(key), ())

    def find_by_name(self, name: str) -> tuple[Student, ...]:
        """Return the students with this whole name, given name or family name first."""
        return self._by_name.get(squeeze(name), ())

    def find_by_word(self, word: str) -> tuple[Student, ...]:
        """Return the students who have this word in their names."""
        return self._by_word.get(squeeze(word), ())

    def knows_system(self, system: str) -> bool:
        """Return whether the roster has ids of that system."""
        return any(system in student.keys for student in self.students)

    def uses(self, label: str) -> bool:
        """Return whether a label could be read as some student's id or name, in any system."""
        known = bool(self.find_by_id(label) or self.find_by_name(label))
        return known or any(_fold(label) == key for _, key in self._by_system)

    @cached_property
    def _by_system(self) -> dict[tuple[str, str], tuple[Student, ...]]:
        return _index(((system, _fold(key)), s) for s in self.students for system, key in s.keys.items())

    @cached_property
    def _by_id(self) -> dict[str, tuple[Student, ...]]:
        # Ids that people type and that systems share; not a system's running numbers, which another may use too.
        shared = ((key, s) for s in self.students for key in (s.id, s.email, s.keys.get("login", "")))
        parts = ((s.email.partition("@")[0], s) for s in self.students)
        by_key, by_part = (_index((_fold(key), s) for key, s in pairs if key) for pairs in (shared, parts))
        return by_part | by_key

    @cached_property
    def _by_name(self) -> dict[str, tuple[Student, ...]]:
        return _index((form, student) for student in self.students for form in list_name_forms(student.name))

    @cached_property
    def _by_word(self) -> dict[str, tuple[Student, ...]]:
        words = ((word, s) for s in self.students for word in re.split(r"[\W_]+", s.name) if word)
        return _index((squeeze(word), student) for word, student in words)


def read_roster(path: Path) -> Roster:
    """Read a CSV. Raises UsageError, with the line, where a student has no id or shares one."""
    rows = read_table(path, "a CSV with id, name, email")
    header = rows[0] if rows else []
    columns = map_columns(header)
    if not columns.keys() & {"id", "login", "email", "canvas"}:
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
    return Roster(tuple(students.values()), tuple(list_warnings(path.name, header, columns, rows[1:])))


def read_table(path: Path, wanted: str) -> list[list[str]]:
    """Return the rows of a CSV in any dialect of a spreadsheet. Raises UsageError, naming what was `wanted`."""
    try:
        text = decode(path.read_bytes(), path.name)
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except OSError as error:
        raise UsageError(f"nothing to read at {str(path)!r} ({error.strerror}): pass {wanted}") from error
    except (SubmissionRefused, csv.Error) as error:
        raise UsageError(f"{path.name} is no table that can be read ({error}): pass {wanted}") from error


def squeeze(name: str) -> str:
    """Return a name without spaces, punctuation, case and composition, as the systems write it into file names."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", name).casefold())


def list_name_forms(name: str) -> set[str]:
    """Return `Jane Mary Doe` or `Doe, Jane Mary`, joined with the given name first and with the family name first."""
    family, _, given = name.partition(",")
    words = [*given.split(), *family.split()]
    return {form for form in (squeeze("".join(words)), squeeze("".join([*words[-1:], *words[:-1]]))) if form}


def _index(pairs: Iterable[tuple[Key, Student]]) -> dict[Key, tuple[Student, ...]]:
    found: dict[Key, dict[str, Student]] = defaultdict(dict)
    for key, student in pairs:
        found[key][student.id] = student
    return {key: tuple(students.values()) for key, students in found.items()}


def _fold(key: str) -> str:
    return unicodedata.normalize("NFC", key.strip()).casefold()


def _make_student(values: Mapping[str, str], place: str) -> Student:
    names = ("id", "login", "email", "canvas")
    # Canvas makes up a student for the teachers to try things with.
    named_test = values.get("name", "").casefold() == _TEST_STUDENT
    is_test = named_test or _TEST_LOGIN.fullmatch(values.get("login", "")) is not None
    student_id = next((values[column] for column in names if values.get(column)), "")
    if not student_id:
        raise UsageError(f"{place}: {values.get('name') or 'a student'} has no id; fill it in")
    return Student(
        id=student_id.removeprefix("#"),
        name=_join_name(values.get("name", ""), values.get("first", ""), values.get("last", "")),
        email=values.get("email", ""),
        section=values.get("section", ""),
        group=values.get("group", ""),
        language=values.get("language", ""),
        extension_days=_read_days(values.get("extension", ""), place),
        # Moodle writes `Participant 12`, Brightspace `#jdoe`.
        keys={s: values[s].removeprefix("Participant ").removeprefix("#") for s in _SYSTEMS if values.get(s)},
        is_test=bool(values.get("canvas")) and not values.get("id") and is_test,
    )


def _join_name(name: str, first: str, last: str) -> str:
    """Return the whole name: some lists call the given name `Name`, Korean ones 이름, beside a family name."""
    if name and (first or not last or squeeze(last) in squeeze(name)):
        return " ".join(name.split())
    given = name or first
    in_hangul = bool(re.fullmatch(r"[가-힣]+", given + last))
    return " ".join((last + given if in_hangul else f"{given} {last}").split())


def _read_days(text: str, place: str) -> float:
    try:
        days = float(text or 0)
    except ValueError:
        days = -1.0
    if not 0 <= days < 1000:
        raise UsageError(f"{place}: {text!r} is no number of days; write 0, 2 or 1.5")
    return days
