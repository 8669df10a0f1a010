"""One download of each system with every trouble in it: each entry is somebody's for certain, or named with a reason.

What is graded here is only read: whose work it is and what becomes of an entry does not depend on any score.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from grader.classroom.accounting import Judged, account_for, name_entry
from grader.classroom.class_folder import ClassSubmissions, collect_submissions
from grader.classroom.times import Times
from grader.intake import read_submission
from grader.intake.roster import Roster, read_roster
from grader.model.assignment import Assignment, LatePolicy
from grader.tests.support.intake_samples import make_archive, make_notebook, make_rar, make_zip
from grader.tests.support.toy import open_project

RIGHT = "def double(number):\n    return number * 2\n\n\ndef shout(word):\n    return word.upper()\n"
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj"
PACKED = make_archive({"toy.py": RIGHT}, "7zip")
NOTEBOOK = make_notebook(RIGHT)
ROSTER = """\
id,name,email,group,login,canvas,github
s1,Jane Doe,jane@uni.example,,jdoe,4101,jd-codes
s2,홍길동,gildong@uni.example,,gildong,4102,
s3,"Smith, John",js1@uni.example,,jsmith1,4103,
s4,"Smith, John",js2@uni.example,,jsmith2,4104,
s5,Anna Lee,anna@uni.example,,anna_lee,4105,lab-anna
s6,Bo Lee,bo@uni.example,,lee,4106,anna
tmei,Mei Tan,tan.mei@uni.example,,,4107,
mei,Mei Wong,mei@uni.example,,,4108,
s9,Ada Group,ada@uni.example,team a,,4109,
s10,Bob Group,bob@uni.example,team a,,4110,
s11,Absent Abe,abe@uni.example,,,4111,
"""
Files = Mapping[str, str | bytes]
Row = tuple[str, tuple[str, ...], str, str]


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


def lay_out(folder: Path, files: Files) -> Path:
    """Write these files below `folder`; a name that ends with / is an empty folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def show(found: ClassSubmissions, assignment: Assignment) -> list[Row]:
    """Each entry with its students, what becomes of it, and why."""
    judged = {}
    for job in found.jobs:
        submission = read_submission(job.path, module=assignment.module, defines=assignment.defines)
        fate = Judged("refused", submission.refused) if submission.refused else Judged("graded")
        judged[job.student, name_entry(job)] = fate
    fates = account_for(found.jobs, judged, found.ignored)
    return [(fate.entry, fate.students, fate.fate, fate.reason) for fate in fates]


def check(rows: list[Row], expected: Mapping[str, tuple[str, str]], folder: Path) -> None:
    """Nothing but what is expected, and everything that lies in the folder."""
    assert {entry: (" ".join(students), fate) for entry, students, fate, _ in rows} == {
        entry: (student, what.partition(":")[0]) for entry, (student, what) in expected.items()
    }
    assert sorted(entry for entry, *_ in rows) == sorted(os.listdir(folder))
    for entry, _, fate, reason in rows:
        assert expected[entry][1].partition(":")[2] in reason, (entry, reason)
        assert bool(reason) == (fate != "graded"), entry


GRADESCOPE = """\
submission_1:
  :submitters:
  - :name: Jane Doe
    :sid: s1
    :email: jane@uni.example
  :created_at: 2025-10-10 10:22:33 Z
submission_2:
  :submitters:
  - :name: Ada Group
    :email: ada@uni.example
  - :name: Bob Group
    :email: bob@uni.example
  :created_at: 2025-10-10 10:22:33 Z
submission_3:
  :submitters:
  - :name: John Smith
    :sid: gone
    :email: gone@uni.example
submission_4:
  :submitters:
  - :name: Anna Lee
    :sid: s5
    :email: bo@uni.example
submission_5:
  :submitters:
  - :name: 홍길동
    :sid: s2
"""
WORKSHEET = """\
Identifier,Full name,Email address,Status,Last modified (submission)
Participant 501,Jane Doe,jane@uni.example,Submitted,"Freitag, 10. Oktober 2025, 10:22"
Participant 502,Someone Else,gildong@uni.example,Submitted,"2025년 10월 10일 금요일, 오전 10:22"
Participant 503,John Smith,gone@uni.example,Submitted,-
Participant 504,John Smith,js2@uni.example,Submitted,-
"""
RECEIPT = "Name: {} ({})\nAssignment: HW_4\nDate Submitted: Friday, October 10, 2025\n"
TIME = "attempt_2025-10-1"
CASES: dict[str, tuple[Files, dict[str, tuple[str, str]]]] = {
    "canvas": (
        {
            "doejane_4101_9001_toy.py": RIGHT,
            "doejane_4101_9002_report-1.pdf": "%PDF-1.4",
            "홍길동_LATE_4102_9003_toy-2.ipynb": NOTEBOOK,
            "홍길동_LATE_4102_9004_toy-3.ipynb": NOTEBOOK,
            "smithjohn_4103_9005_hw.7z": PACKED,
            "smithjohn_9999_9006_toy.py": RIGHT,
            "wongmei_7777_9007_toy.py": RIGHT,
            "leeanna_4105_text.html": "<p>my answer</p>",
            "leebo_4106_9008_toy.pdf": PDF,
            "anon_x7Yz_9009_toy.py": RIGHT,
            "groupada_4109_9010_toy": RIGHT,
            "resubmission by mail - Mei Tan.py": RIGHT,
            ".DS_Store": "\0",
            "run/gradebook.db": "",
        },
        {
            "doejane_4101_9001_toy.py": ("s1", "graded"),
            "doejane_4101_9002_report-1.pdf": ("", "ignored:handed in with doejane_4101_9001_toy.py"),
            "홍길동_LATE_4102_9003_toy-2.ipynb": ("", "ignored:handed in with 홍길동_LATE_4102_9004_toy-3.ipynb"),
            "홍길동_LATE_4102_9004_toy-3.ipynb": ("s2", "graded"),
            "smithjohn_4103_9005_hw.7z": ("s3", "graded"),
            "smithjohn_9999_9006_toy.py": ("9999", "graded"),
            "wongmei_7777_9007_toy.py": ("7777", "graded"),
            "leeanna_4105_text.html": ("s5", "refused"),
            "leebo_4106_9008_toy.pdf": ("s6", "refused"),
            "anon_x7Yz_9009_toy.py": ("anon_x7Yz", "graded"),
            "groupada_4109_9010_toy": ("s9 s10", "graded"),
            "resubmission by mail - Mei Tan.py": ("", "ignored:not named as Canvas names"),
            ".DS_Store": ("", "ignored:hidden"),
            "run": ("", "ignored:results of an earlier batch"),
        },
    ),
    "moodle": (
        {
            "Jane Doe_501_assignsubmission_file/toy.py": RIGHT,
            "Jane Doe_501_assignsubmission_onlinetext/onlinetext.html": "see my file",
            "Someone Else_502_assignsubmission_file/toy.tar.xz": make_archive({"toy.py": RIGHT}, "pax", "xz"),
            "John Smith_503_assignsubmission_file/toy.py": RIGHT,
            "John Smith_504_assignsubmission_file/toy.py.txt": RIGHT,
            "Mei Tan_505_assignsubmission_file_/toy.py": RIGHT,
            "Lee Bo_506_assignsubmission_onlinetext/onlinetext.html": "text",
            "Nobody Known_4101_assignsubmission_file/toy.py": RIGHT,
            "Grades.csv": WORKSHEET,
            "notes.txt": "call Jane",
        },
        {
            "Jane Doe_501_assignsubmission_file": ("s1", "graded"),
            "Jane Doe_501_assignsubmission_onlinetext": ("", "ignored:text typed online"),
            "Someone Else_502_assignsubmission_file": ("s2", "graded"),
            "John Smith_503_assignsubmission_file": ("503", "graded"),
            "John Smith_504_assignsubmission_file": ("s4", "graded"),
            "Mei Tan_505_assignsubmission_file_": ("tmei", "graded"),
            "Lee Bo_506_assignsubmission_onlinetext": ("s6", "refused"),
            "Nobody Known_4101_assignsubmission_file": (
                "unknown: Nobody Known_4101_assignsubmission_file",
                "graded",
            ),
            "Grades.csv": ("", "ignored:worksheet"),
            "notes.txt": ("", "ignored:not named as Moodle"),
        },
    ),
    "moodle_flat": (
        {
            "Jane Doe_501_assignsubmission_file_toy.py": RIGHT,
            "Jane Doe_501_assignsubmission_file_data.csv": "1,2",
            "John Smith_503_assignsubmission_file_toy.py": RIGHT,
            "홍길동_502_assignsubmission_file_toy.ipynb.json": NOTEBOOK,
            "Mei Wong_508_assignsubmission_file_hw.rar": make_rar({"toy.py": RIGHT}),
            "toy.py": RIGHT,
        },
        {
            "Jane Doe_501_assignsubmission_file_toy.py": ("s1", "graded"),
            "Jane Doe_501_assignsubmission_file_data.csv": ("", "ignored:handed in with"),
            "John Smith_503_assignsubmission_file_toy.py": ("503", "graded"),
            "홍길동_502_assignsubmission_file_toy.ipynb.json": ("s2", "graded"),
            "Mei Wong_508_assignsubmission_file_hw.rar": ("mei", "graded"),
            "toy.py": ("", "ignored:not named as Moodle"),
        },
    ),
    "blackboard": (
        {
            f"HW_4_anna_lee_{TIME}0-10-22-05_toy.py": RIGHT,
            f"HW_4_anna_lee_{TIME}0-10-22-05.txt": RECEIPT.format("Anna Lee", "anna_lee"),
            f"HW_4_lee_{TIME}0-09-00-00_toy.py": "def double(:",
            f"HW_4_lee_{TIME}1-09-00-00_toy.py": RIGHT,
            f"HW_4_lee_{TIME}1-09-00-00_mei_{TIME}2-09-00-00_toy.py": RIGHT,
            f"HW_4_jdoe_{TIME}1-09-00-00_toy.tar.bz2": make_archive({"toy.py": RIGHT}, "pax", "bzip2"),
            f"HW_4_gone_{TIME}1-09-00-00_toy.py": RIGHT,
            f"HW_4_gildong_{TIME}1-09-00-00.txt": "no receipt at all",
        },
        {
            f"HW_4_anna_lee_{TIME}0-10-22-05_toy.py": ("s5", "graded"),
            f"HW_4_anna_lee_{TIME}0-10-22-05.txt": ("", "ignored:receipt"),
            f"HW_4_lee_{TIME}0-09-00-00_toy.py": ("", "ignored:an earlier attempt of s6"),
            f"HW_4_lee_{TIME}1-09-00-00_toy.py": ("s6", "graded"),
            f"HW_4_lee_{TIME}1-09-00-00_mei_{TIME}2-09-00-00_toy.py": ("", "ignored:handed in with"),
            f"HW_4_jdoe_{TIME}1-09-00-00_toy.tar.bz2": ("s1", "graded"),
            f"HW_4_gone_{TIME}1-09-00-00_toy.py": ("gone", "graded"),
            f"HW_4_gildong_{TIME}1-09-00-00.txt": ("", "ignored:receipt"),
        },
    ),
    "brightspace": (
        {
            "12-900 - Jane Doe - Oct 10, 2025 1022 PM/toy.py": RIGHT,
            "12-900 - Jane Doe - 9 oct. 2025 10 h 22/toy.py": "def double(:",
            "13-900 - 홍길동 - 2025년 10월 10일 오전 1022/toy.py": RIGHT,
            "14-900 - Anna Lee - 10. Okt. 2025 1022/hw.7z": PACKED,
            "15-900 - Lee - Bo - 10 de oct. de 2025 1022 a. m./toy.py": RIGHT,
            "16-900 - John Smith - Oct 10, 2025 922 AM/toy.py": RIGHT,
            "17-900 - Mei Tan - Oct 10, 2025 922 AM/notes.docx": "PK",
            "index.html": "<html>",
        },
        {
            "12-900 - Jane Doe - Oct 10, 2025 1022 PM": ("s1", "graded"),
            "12-900 - Jane Doe - 9 oct. 2025 10 h 22": ("", "ignored:an earlier attempt of s1"),
            "13-900 - 홍길동 - 2025년 10월 10일 오전 1022": ("s2", "graded"),
            "14-900 - Anna Lee - 10. Okt. 2025 1022": ("s5", "graded"),
            "15-900 - Lee - Bo - 10 de oct. de 2025 1022 a. m.": ("s6", "graded"),
            "16-900 - John Smith - Oct 10, 2025 922 AM": ("16", "graded"),
            "17-900 - Mei Tan - Oct 10, 2025 922 AM": ("tmei", "refused"),
            "index.html": ("", "ignored:Brightspace's own list"),
        },
    ),
    "gradescope": (
        {
            "submission_1/toy.py": RIGHT,
            "submission_2/toy.py": RIGHT,
            "submission_3/toy.py": RIGHT,
            "submission_4/toy.py": RIGHT,
            "submission_5/": "",
            "submission_99/toy.py": RIGHT,
            "submission_metadata.yml": GRADESCOPE,
        },
        {
            "submission_1": ("s1", "graded"),
            "submission_2": ("s10 s9", "graded"),
            "submission_3": ("gone", "graded"),
            "submission_4": ("unknown: submission_4", "graded"),
            "submission_5": ("s2", "refused"),
            "submission_99": ("", "ignored:not named as Gradescope"),
            "submission_metadata.yml": ("", "ignored:Gradescope's own list"),
        },
    ),
    "submitted": (
        {
            "s1/toy/toy.py": RIGHT,
            "s1/toy/timestamp.txt": "2025-10-10 10:22:33 UTC",
            "JDOE/toy/toy.py": "def double(:",
            "anna_lee/toy/toy": RIGHT,
            "mei/toy/toy.py": RIGHT,
            "Mei/toy/toy.py": RIGHT,
            "jsmith/toy/toy.py": RIGHT,
            "formgrade.log": "x",
        },
        {
            "s1": ("s1", "graded"),
            "JDOE": ("", "ignored:an earlier attempt of s1"),
            "anna_lee": ("s5", "graded"),
            "Mei": ("mei", "graded"),
            "mei": ("", "ignored:handed in with Mei"),
            "jsmith": ("jsmith", "graded"),
            "formgrade.log": ("", "ignored:not named as nbgrader"),
        },
    ),
    "plain": (
        {
            "tan_mei.py": RIGHT,
            "mei_final.py": RIGHT,
            "John Smith.py": RIGHT,
            "20251234_홍길동_a4.ipynb": NOTEBOOK,
            "toy_2.py": RIGHT,
            "jdoe.zip": make_zip({"toy.py": RIGHT}),
            "Jane Doe (1)/toy.py": RIGHT,
            "anna_lee": RIGHT,
            "lee.py.txt": RIGHT,
            "hw4 [bob@uni.example].7z": PACKED,
            "Absent Abe.pdf": PDF,
            "LICENSE": "MIT",
            "notes.md": "call Jane",
            "class.csv": "id\ns1\n",
        },
        {
            "tan_mei.py": ("tmei", "graded"),
            "mei_final.py": ("mei_final", "graded"),
            "John Smith.py": ("unknown: John Smith.py", "graded"),
            "20251234_홍길동_a4.ipynb": ("s2", "graded"),
            "toy_2.py": ("toy_2", "graded"),
            "jdoe.zip": ("", "ignored:handed in with Jane Doe (1)"),
            "Jane Doe (1)": ("s1", "graded"),
            "anna_lee": ("s5", "graded"),
            "lee.py.txt": ("s6", "graded"),
            "hw4 [bob@uni.example].7z": ("s10 s9", "graded"),
            "Absent Abe.pdf": ("s11", "refused"),
            "LICENSE": ("", "ignored:no Python"),
            "notes.md": ("", "ignored:no Python"),
            "class.csv": ("", "ignored:no Python"),
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", CASES)
def test_every_entry_of_a_download_is_accounted_for(
    toy: Assignment, roster: Roster, tmp_path: Path, system: str
) -> None:
    """The table of entry, student and outcome: nothing lost, nothing guessed."""
    files, expected = CASES[system]
    folder = lay_out(tmp_path / system, files)
    check(show(collect_submissions(folder, toy, roster), toy), expected, folder)


def test_every_clone_is_accounted_for(toy: Assignment, roster: Roster, tmp_path: Path) -> None:
    """Two users who begin alike are not taken for somebody whose name is the rest."""
    folder = tmp_path / "clones"
    for name in ("hw-lab-anna", "hw-lab-gone", "hw-lab-lab-anna"):
        lay_out(folder / name, {"toy.py": RIGHT})
        subprocess.run(["git", "init", "-q"], cwd=folder / name, check=True)
    lay_out(folder, {"classroom_roster.csv": "x"})
    rows = show(collect_submissions(folder, toy, roster), toy)
    check(
        rows,
        {
            # `anna` is Bo's name there, `lab-anna` Anna's: which one is meant is not certain.
            "hw-lab-anna": ("unknown: hw-lab-anna", "graded"),
            "hw-lab-gone": ("gone", "graded"),
            "hw-lab-lab-anna": ("s5", "graded"),
            "classroom_roster.csv": ("", "ignored:not named as GitHub"),
        },
        folder,
    )


@pytest.mark.parametrize("system", CASES)
def test_without_a_roster_no_entry_is_lost_either(toy: Assignment, tmp_path: Path, system: str) -> None:
    """Every entry is listed once, and no two people of a download become one."""
    folder = lay_out(tmp_path / system, CASES[system][0])
    found = collect_submissions(folder, toy)
    rows = show(found, toy)
    assert sorted(entry for entry, *_ in rows) == sorted(os.listdir(folder))
    with_roster = {entry for entry, (_, what) in CASES[system][1].items() if what in ("graded", "refused")}
    graded = {entry for entry, _, fate, _ in rows if fate != "ignored"}
    assert with_roster - graded <= {"Absent Abe.pdf"}  # without a roster nothing says that it is a student's


def read_warnings(toy: Assignment, roster: Roster | None, folder: Path, files: Files) -> tuple[str, ...]:
    """What the staff hear of a class folder."""
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


def test_times_that_fit_no_submission_are_named(toy: Assignment, roster: Roster, tmp_path: Path) -> None:
    """A list of another assignment is noticed; students who handed in nothing are no mistake."""
    times = {"s1": "2025-10-10T10:00:00", "s2": "2025-10-10T10:00:00", "s11": "2025-10-10T10:00:00", "x9": "2025-10-10"}
    found = collect_submissions(lay_out(tmp_path, CANVAS), with_policy(toy), roster, times)
    assert found.warnings == ("times of 1 fit no submission: x9",)


def test_every_member_gets_the_groups_work(toy: Assignment, roster: Roster, tmp_path: Path) -> None:
    """And the report of those who did not hand it in says who did; each keeps an extension of their own."""
    found = collect_submissions(lay_out(tmp_path, {"groupada_4109_9010_toy.py": RIGHT}), toy, roster)
    assert [(job.student, job.entry, job.notes) for job in found.jobs] == [
        ("s9", "groupada_4109_9010_toy.py", ()),
        ("s10", "groupada_4109_9010_toy.py", ("handed in by Ada Group for the group 'team a'",)),
    ]
    assert "s10" not in found.absent


def test_two_works_of_one_group_are_a_conflict(toy: Assignment, tmp_path: Path) -> None:
    """Both are named, each keeps their own, and the rest of the group is given neither."""
    path = tmp_path / "roster.csv"
    path.write_text("id,name,group\na,Ada,1\nb,Bob,1\nc,Cy,1\n")
    folder = lay_out(tmp_path / "class", {"a.py": RIGHT, "b.py": f"{RIGHT}# mine"})
    found = collect_submissions(folder, toy, read_roster(path))
    assert [job.student for job in found.jobs] == ["a", "b"]
    assert found.absent == ("c",)
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
    assert (found.absent, found.warnings) == (("S1",), ())
