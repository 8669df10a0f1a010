"""Work belongs to the student with an exact id or a whole name in its label, or to no one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.intake.downloads import brightspace, canvas, github, gradescope, moodle, plain
from grader.intake.downloads.attribution import attribute
from grader.intake.downloads.layout import Find, Layout
from grader.intake.roster import Roster, Student

JANE = Student("s1", "Jane Doe", "jane@uni.example", keys={"canvas": "41", "login": "jdoe", "github": "jd-codes"})
HONG = Student("20251234", "홍길동", "gildong@uni.example", keys={"canvas": "42", "moodle": "501"})
KIM = Student("s3", "Kim, Min Jun", "mj@uni.example")
ROSTER = Roster((JANE, HONG, KIM))


def find_student(layout: Layout, roster: Roster = ROSTER, **facts: object) -> Student | None:
    """The student of a find with these facts."""
    return attribute(Find(Path("x"), **facts), layout, roster).student  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("layout", "facts", "student"),
    [
        (canvas.LAYOUT, {"keys": ("41",), "name": "anything"}, JANE),
        (canvas.LAYOUT, {"keys": ("99",), "name": "kimminjun"}, KIM),
        (canvas.LAYOUT, {"keys": ("99",), "name": "doejane"}, None),
        (canvas.LAYOUT, {"keys": ("501",), "name": ""}, None),
        (canvas.LAYOUT, {"keys": ("20251234",), "name": ""}, None),
        (moodle.LAYOUT, {"keys": ("501",), "name": "홍길동"}, HONG),
        (moodle.LAYOUT, {"keys": ("501",), "name": "Participant"}, HONG),
        (moodle.LAYOUT, {"keys": ("501",), "name": "Zoe New"}, None),
        (moodle.LAYOUT, {"keys": ("501",), "name": "Jane Doe"}, JANE),
        (moodle.LAYOUT, {"keys": ("7",), "shared": ("JANE@uni.example",), "name": "J. D."}, JANE),
        (moodle.LAYOUT, {"keys": ("501",), "shared": ("jane@uni.example",), "name": "홍길동"}, None),
        (brightspace.LAYOUT, {"keys": ("41",), "name": "Min Jun Kim"}, KIM),
        (brightspace.LAYOUT, {"keys": ("20251234",), "name": "홍길동"}, HONG),
        (brightspace.LAYOUT, {"keys": ("20251234",), "name": "Somebody"}, None),
        (gradescope.LAYOUT, {"keys": ("s1", "jane@uni.example")}, JANE),
        (gradescope.LAYOUT, {"keys": ("s1", "mj@uni.example")}, None),
        (github.LAYOUT, {"keys": ("JD-Codes",)}, JANE),
        (github.LAYOUT, {"keys": ("jdoe",)}, JANE),
    ],
)
def test_ids_come_before_names_and_contradict_them(layout: Layout, facts: dict[str, object], student: Student) -> None:
    """A running number means something in its own system only; an id that is known to be another's rules a name out."""
    assert find_student(layout, **facts) is student


@pytest.mark.parametrize(
    ("label", "student"),
    [
        ("s1", JANE),
        ("S1", JANE),
        ("jane@uni.example", JANE),
        ("Doe Jane", JANE),
        ("doe_jane_hw4", JANE),
        ("hw4-jane-doe-final", JANE),
        ("20251234_홍길동_a4", HONG),
        ("a4 (gildong)", HONG),
        ("[홍길동] 과제", HONG),
        ("kim.min.jun", KIM),
        ("MinJunKim", KIM),
        ("kim", None),
        ("jane", JANE),  # before the @ of her address
        ("hw_1", None),
        ("s1_s3", None),
        ("jane doe and min jun kim", None),
        ("doe", None),
        ("min jun", None),
        ("janedoes", None),
        ("xs1", None),
    ],
)
def test_names_of_files(label: str, student: Student | None) -> None:
    """A whole id or name anywhere in the name, never a piece of one, never one of two."""
    assert find_student(plain.LAYOUT, keys=(label,), name=label) is student


WORDS = st.sampled_from(["mei", "tan", "wong", "lee", "anna", "kim", "hw4", "1", "2025", "final", "o", "li"])
IDS = st.sampled_from(["mei", "tan", "lee", "s1", "s2", "2025", "o"])
PEOPLE = st.builds(lambda key, given, family: (key, f"{given} {family}"), IDS, WORDS, WORDS)


@given(
    people=st.lists(PEOPLE, min_size=1, max_size=5, unique_by=lambda person: person[0]),
    words=st.lists(WORDS, min_size=1, max_size=4),
    mark=st.sampled_from(["_", " ", "-"]),
)
def test_nothing_is_guessed(people: list[tuple[str, str]], words: list[str], mark: str) -> None:
    """The student who gets the work has an id or a whole name in the label, and no one else has a better claim."""
    roster = Roster(tuple(Student(key, name) for key, name in people))
    label = mark.join(words)
    student = find_student(plain.LAYOUT, roster, keys=(label,), name=label)
    if student is None:
        return
    pieces = {mark.join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)}

    def has_claim(other: Student, text: str) -> bool:
        return text == other.id or other in roster.find_by_name(text)

    assert any(has_claim(student, piece) for piece in pieces)
    rivals = [other for other in roster.students if other is not student]
    exact = [other for other in roster.students if other.id == label]
    if exact:
        assert exact == [student]
    elif any(has_claim(other, label) for other in rivals):
        raise AssertionError(f"{label!r} is {student}, and as well {rivals}")
