"""Warnings about a class folder: whose work is not certain, what is late, what a group handed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.classroom.class_folder import collect_submissions
from grader.classroom.times import Times
from grader.intake.roster import Roster, read_roster
from grader.model.assignment import Assignment, LatePolicy
from grader.tests.support.class_downloads import NOTEBOOK, RIGHT, ROSTER, TIME, Files, lay_out
from grader.tests.support.toy import open_project


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assignment]:
    """The toy course, in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        yield open_project(patch, tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Roster:
    """A class with namesakes, a student whose id is another's first name, and a group."""
    path = tmp_path_factory.mktemp("roster") / "roster.csv"
    path.write_text(ROSTER, encoding="utf-8")
    return read_roster(path)


def read_warnings(toy: Assignment, roster: Roster | None, folder: Path, files: Files) -> tuple[str, ...]:
    """Return the warnings that the staff get about a class folder."""
    return collect_submissions(lay_out(folder, files), toy, roster).warnings


def test_an_ambiguous_name_is_reported(toy: Assignment, roster: Roster, tmp_path: Path) -> None:
    """With the students that it could be, and what to do."""
    files = {"mei_final.py": RIGHT, "John Smith.py": RIGHT, "tan_mei.py": RIGHT}
    assert read_warnings(toy, roster, tmp_path, files) == (
        "John Smith.py: not attributed, since the name 'John Smith' could mean Smith, John (s3) and Smith, John (s4): "
        "put the id into its name",
        "mei_final.py: not attributed, since the name 'mei_final' could mean Mei Wong (mei) and Mei Tan (tmei): "
        "put the id into its name",
    )


def test_an_id_that_is_another_students_outweighs_a_name(toy: Assignment, roster: Roster, tmp_path: Path) -> None:
    """A namesake who has left is not taken for the student who stayed."""
    (warning,) = read_warnings(toy, roster, tmp_path, {"wongmei_7777_9007_toy.py": RIGHT})
    assert warning == (
        "wongmei_7777_9007_toy.py: not attributed, since the name fits Mei Wong (mei), whose Canvas id is 4108"
    )


def test_a_name_that_two_users_have_proves_nothing(toy: Assignment, tmp_path: Path) -> None:
    """The one John Smith of the class could be either of them if the roster has no ids of the system."""
    path = tmp_path / "roster.csv"
    path.write_text("id,name\ns1,John Smith\n")
    files = {"smithjohn_71_9001_toy.py": RIGHT, "smithjohn_72_9002_toy.py": RIGHT}
    found = collect_submissions(lay_out(tmp_path / "class", files), toy, read_roster(path))
    assert [job.student for job in found.jobs] == ["71", "72"]
    assert found.missing == ("s1",)
    reason = "Canvas has several users of that name: fill in the roster's column for their ids"
    assert found.warnings == tuple(f"{entry}: not attributed, since {reason}" for entry in files)


UNDERSCORES = "id,name,login\na,Anna Kim,anna_kim\nb,Anna Lee,anna_lee\nc,Bo Lee,lee\nd,Cy Kim,kim\n"


@pytest.mark.parametrize(
    ("labels", "receipts", "students"),
    [
        # What all have in common may end in a part of the users' names: both readings are somebody.
        (["HW_anna_kim", "HW_anna_lee"], {}, ["unknown: 0", "unknown: 1"]),
        (["HW_anna_kim", "HW_anna_lee"], {"HW_anna_lee": "Anna Lee (anna_lee)"}, ["a", "b"]),
        (["HW_anna_kim", "HW_anna_lee"], {"HW_anna_lee": "이름: Bo Lee (LEE)"}, ["d", "c"]),
        (["HW_anna_kim", "HW_lee"], {}, ["a", "c"]),
        (["HW_kim", "HW_lee"], {}, ["d", "c"]),
        (["HW_anna_lee"], {}, ["unknown: 0"]),
        (["HW_anna_lee", "HW_gone_lee"], {}, ["b", "gone_lee"]),
        # A receipt that names somebody else is none.
        (["HW_anna_kim", "HW_lee"], {"HW_lee": "Anna Kim (anna_kim)"}, ["a", "c"]),
    ],
)
def test_every_split_of_blackboards_names_is_tried(
    toy: Assignment, tmp_path: Path, labels: list[str], receipts: dict[str, str], students: list[str]
) -> None:
    """Only a receipt or the other files can decide between two splits that are students."""
    path = tmp_path / "roster.csv"
    path.write_text(UNDERSCORES)
    entries = {label: f"{label}_{TIME}0-10-22-05_toy.py" for label in labels}
    files = dict.fromkeys(entries.values(), RIGHT)
    for label, text in receipts.items():
        files[f"{label}_{TIME}0-10-22-05.txt"] = text if ":" in text else f"Name: {text}\n"
    found = collect_submissions(lay_out(tmp_path / "class", files), toy, read_roster(path))
    given = {job.entry: job.student for job in found.jobs}
    expected = [f"unknown: {entries[labels[int(s[-1])]]}" if s.startswith("unknown") else s for s in students]
    assert [given[entries[label]] for label in labels] == expected


def test_two_entries_of_one_student_are_reported(toy: Assignment, roster: Roster, tmp_path: Path) -> None:
    """With the one that counts, by what is in them; and without a roster as likely the same."""
    files = {"jdoe.py": "def double(x): ...\n", "Jane Doe.py": RIGHT}
    assert read_warnings(toy, roster, tmp_path / "a", files) == (
        "s1: more than one entry: Jane Doe.py and jdoe.py; Jane Doe.py counts",
    )
    assert read_warnings(toy, None, tmp_path / "b", {"kim.py": RIGHT, "kim.ipynb": NOTEBOOK}) == (
        "kim.ipynb and kim.py may be one student's: each is graded by itself",
    )


def with_policy(toy: Assignment) -> Assignment:
    """The same assignment, with a policy for late work."""
    late = LatePolicy.model_validate({"due": "2025-10-10T12:00:00+09:00"})
    return toy.model_copy(update={"description": toy.description.model_copy(update={"late": late})})


CANVAS = {"doejane_4101_9001_toy.py": RIGHT, "홍길동_LATE_4102_9003_toy.py": RIGHT}


def test_lateness_that_cannot_be_known_is_a_warning(toy: Assignment, roster: Roster, tmp_path: Path) -> None:
    """It says how to supply the times; without a policy they are not needed."""
    folder = lay_out(tmp_path, CANVAS)
    assert collect_submissions(folder, with_policy(toy), roster).warnings == (
        "no late penalty for 2 of 2, since what Canvas wrote does not say when they were handed in (s1, s2): pass "
        "--times CSV with the columns student and submitted_at",
    )
    assert collect_submissions(folder, toy, roster).warnings == ()


@pytest.mark.parametrize(
    "times",
    [
        {"s1": "2025-10-10T10:00:00+09:00", "s2": "2025-10-11T10:00:00"},
        {"4101": "2025-10-10T10:00:00+09:00", "gildong": "2025-10-11T10:00:00"},
        {"jane@uni.example": "2025-10-10T10:00:00+09:00", "홍길동_late_4102_9003_toy.py": "2025-10-11T10:00:00"},
    ],
)
def test_times_are_taken_over_by_any_id(toy: Assignment, roster: Roster, tmp_path: Path, times: Times) -> None:
    """The roster's, the system's, or the entry's own name."""
    found = collect_submissions(lay_out(tmp_path, CANVAS), with_policy(toy), roster, times)
    assert [job.submitted_at for job in found.jobs] == ["2025-10-10T10:00:00+09:00", "2025-10-11T10:00:00"]
    assert found.warnings == ()


def test_a_time_that_two_students_could_mean_is_not_taken_over(toy: Assignment, tmp_path: Path) -> None:
    """One student's id may be another's number in the system."""
    path = tmp_path / "roster.csv"
    path.write_text("id,name,canvas\n4102,Jane Doe,4101\ns2,홍길동,4102\n")
    folder = lay_out(tmp_path / "class", CANVAS)
    times = {"4102": "2025-10-10T10:00:00", "4101": "2025-10-10T11:00:00"}
    found = collect_submissions(folder, toy, read_roster(path), times)
    assert [job.submitted_at for job in found.jobs] == ["2025-10-10T11:00:00", None]
    assert found.warnings == ("times of 1 not taken over, since they fit no student or more than one: 4102",)


def test_times_that_fit_no_submission_are_named(toy: Assignment, roster: Roster, tmp_path: Path) -> None:
    """A list of another assignment is noticed; students who handed in nothing are no mistake."""
    times = {"s1": "2025-10-10T10:00:00", "s2": "2025-10-10T10:00:00", "s11": "2025-10-10T10:00:00", "x9": "2025-10-10"}
    found = collect_submissions(lay_out(tmp_path, CANVAS), with_policy(toy), roster, times)
    assert found.warnings == ("times of 1 not taken over, since they fit no student or more than one: x9",)


def test_every_member_gets_the_groups_work(toy: Assignment, roster: Roster, tmp_path: Path) -> None:
    """And the report of those who did not hand it in says who did; each keeps an extension of their own."""
    found = collect_submissions(lay_out(tmp_path, {"groupada_4109_9010_toy.py": RIGHT}), toy, roster)
    assert [(job.student, job.entry, job.notes) for job in found.jobs] == [
        ("s9", "groupada_4109_9010_toy.py", ()),
        ("s10", "groupada_4109_9010_toy.py", ("handed in by Ada Group for the group 'team a'",)),
    ]
    assert "s10" not in found.missing


def test_two_works_of_one_group_are_a_conflict(toy: Assignment, tmp_path: Path) -> None:
    """Both are named, each keeps their own, and the rest of the group is given neither."""
    path = tmp_path / "roster.csv"
    path.write_text("id,name,group\na,Ada,1\nb,Bob,1\nc,Cy,1\n")
    folder = lay_out(tmp_path / "class", {"a.py": RIGHT, "b.py": f"{RIGHT}# mine"})
    found = collect_submissions(folder, toy, read_roster(path))
    assert [job.student for job in found.jobs] == ["a", "b"]
    assert found.missing == ("c",)
    assert found.warnings == (
        "group '1': different work of Ada (a) (a.py) and Bob (b) (b.py): each keeps their own; Cy (c) got none; leave "
        "one entry of the group in the folder, or take them apart in the roster",
    )


def test_the_same_work_twice_is_no_conflict(toy: Assignment, tmp_path: Path) -> None:
    """Two members who hand in the same file agree."""
    path = tmp_path / "roster.csv"
    path.write_text("id,name,group\na,Ada,1\nb,Bob,1\nc,Cy,1\n")
    found = collect_submissions(lay_out(tmp_path / "class", {"a.py": RIGHT, "b.py": RIGHT}), toy, read_roster(path))
    assert ([job.student for job in found.jobs], found.warnings) == (["a", "b", "c"], ())


def test_canvas_test_student_is_not_absent(toy: Assignment, tmp_path: Path) -> None:
    """It is no student of the class."""
    path = tmp_path / "grades.csv"
    path.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,HW4 (7781)\n,,,,,Manual Posting\n    Points Possible,,,,,100\n"
        '"Doe, Jane",4101,S1,jdoe,A,\n"Student, Test",4199,,b1946ac92492d2347c6235b4d2611184,A,\n'
    )
    found = collect_submissions(lay_out(tmp_path / "class", {"x_1_2_toy.py": RIGHT}), toy, read_roster(path))
    assert (found.missing, found.warnings) == (("S1",), ())
