"""Rosters: our own columns and those of the systems' lists."""

import unicodedata
from pathlib import Path

import pytest

from grader.intake.roster import Roster, Student, list_name_forms, read_roster
from grader.model.errors import UsageError


def read(folder: Path, text: str, encoding: str = "utf-8") -> Roster:
    """Write a roster and read it."""
    path = folder / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return read_roster(path)


def test_own_columns(tmp_path: Path) -> None:
    """Every column of our own layout ends in the student."""
    text = (
        "id,name,email,section,group,extension_days,canvas,github,lti,language\n"
        "s1,홍길동,hong@uni.example,02,team a,1.5,1234,gildong,a-b,ko\n"
        "s2,Jane Doe,,,,,,,,\n"
        "\n"
    )
    keys = {"canvas": "1234", "github": "gildong", "lti": "a-b"}
    assert read(tmp_path, text).students == (
        Student("s1", "홍길동", "hong@uni.example", "02", "team a", 1.5, keys, language="ko"),
        Student("s2", "Jane Doe"),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheet_dialects(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """Excel writes what its country writes: encodings and separators do not matter, nor do Korean headers."""
    text = "학번,이름,이메일\r\n20231234,홍길동,a@b.example\r\n".replace(",", delimiter)
    assert read(tmp_path, text, encoding).students == (Student("20231234", "홍길동", "a@b.example"),)


@pytest.mark.parametrize(
    ("text", "student"),
    [
        (
            "Student,ID,SIS User ID,SIS Login ID,Section,HW1 (4321)\n    Points Possible,,,,,10\n"
            '"Doe, Jane",1234,S001,jdoe,Sec 1,9.5\n',
            Student("S001", "Doe, Jane", section="Sec 1", keys={"login": "jdoe", "canvas": "1234"}),
        ),
        (
            "Identifier,Full name,Email address,Status\nParticipant 501,Jane Doe,j@u.example,Submitted\n",
            Student("j@u.example", "Jane Doe", "j@u.example", keys={"moodle": "501"}),
        ),
        (
            "Last Name,First Name,Username,Student ID\nDoe,Jane,jdoe,S001\n",
            Student("S001", "Jane Doe", keys={"login": "jdoe"}),
        ),
        (
            "OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator\n"
            "#S001,#jdoe,Doe,Jane,j@u.example,#\n",
            Student("S001", "Jane Doe", "j@u.example", keys={"login": "jdoe"}),
        ),
        (
            "First Name,Last Name,SID,Email,Sections\nJane,Doe,S001,j@u.example,A\n",
            Student("S001", "Jane Doe", "j@u.example", section="A"),
        ),
        ("Email address,Surname,First name,ID number\nj@x,Doe,Jo,S9\n", Student("S9", "Jo Doe", "j@x")),
        ("Student ID;Family name;Given name;Email\nS9;Doe;Jo;j@x\n", Student("S9", "Jo Doe", "j@x")),
        ("학번,성,이름,이메일\n20231234,홍,길동,a@b\n", Student("20231234", "홍길동", "a@b")),
        ("Name,Surname,Student ID\nJo,Doe,S9\n", Student("S9", "Jo Doe")),
        ("Full name,Last name,Student ID\nJo Doe,Doe,S9\n", Student("S9", "Jo Doe")),
        (
            'Student,ID,SIS Login ID,Section\n"Doe, Jane",1234,jdoe,Sec 1\n',
            Student("jdoe", "Doe, Jane", section="Sec 1", keys={"login": "jdoe", "canvas": "1234"}),
        ),
        (
            'Student,ID,Section,HW1 (4321)\n"Doe, Jane",1234,Sec 1,9\n',
            Student("1234", "Doe, Jane", section="Sec 1", keys={"canvas": "1234"}),
        ),
        (
            "identifier,github_username,github_id,name\ns1,jd-codes,77,Jane Doe\n",
            Student("s1", "Jane Doe", keys={"github": "jd-codes"}),
        ),
        (unicodedata.normalize("NFD", "학번,이름\n1,홍길동\n"), Student("1", unicodedata.normalize("NFD", "홍길동"))),
    ],
    ids=[
        "canvas",
        "moodle",
        "blackboard",
        "brightspace",
        "gradescope",
        "surname",
        "family",
        "korean",
        "given as name",
        "full and last",
        "canvas without sis",
        "canvas bare",
        "github",
        "decomposed",
    ],
)
def test_lists_of_other_systems(tmp_path: Path, text: str, student: Student) -> None:
    """A list that a system exported is a roster as it is."""
    assert read(tmp_path, text).students == (student,)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_unknown_heading_is_a_warning(tmp_path: Path, encoding: str) -> None:
    """Once for all of them, with what is understood; a column without a value needs none."""
    roster = read(tmp_path, "id;name;Spitzname;Tutor;Empty\ns1;Jane Doe;JD;Kim;\n", encoding)
    assert roster.students == (Student("s1", "Jane Doe"),)
    (warning,) = roster.warnings
    assert warning.startswith("roster.csv: not used: 'Spitzname', 'Tutor'; the columns that count are id, name, first")


@pytest.mark.parametrize(
    "text",
    [
        'Student,ID,SIS User ID,SIS Login ID,Section,HW1 (4321),Final Score\n"Doe, J",1,S1,jd,A,9,9\n',
        "Identifier,Full name,Email address,Status,Grade,Maximum grade\nParticipant 5,J D,j@x,-,1,2\n",
        "Last Name,First Name,Username,Student ID,Availability,HW [Total Pts: 9 Score] |7\nD,J,jd,S,Yes,9\n",
        "OrgDefinedId,Username,Last Name,First Name,HW Points Grade,End-of-Line Indicator\n#S,#jd,D,J,9,#\n",
    ],
)
def test_what_systems_add_to_their_lists_is_no_unknown_heading(tmp_path: Path, text: str) -> None:
    """Scores and states say nothing of who a student is."""
    assert read(tmp_path, text).warnings == ()


def test_canvas_test_student_is_known_as_such(tmp_path: Path) -> None:
    """Without an SIS id the name or the digest for a login shows it; a real student of that name stays one."""
    header = "Student,ID,SIS User ID,SIS Login ID,Section\n"
    rows = '"Student, Test",1,,abc,A\nMuster,2,,b1946ac92492d2347c6235b4d2611184,A\n"Student, Test",3,S3,tstudent,A\n'
    assert [student.is_test for student in read(tmp_path, header + rows).students] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "roster.csv has no column for the students' ids: name one of its columns 'id'"),
        ("name\nJane\n", "roster.csv has no column for the students' ids"),
        ("id,name\n,Jane\n", "roster.csv, line 2: Jane has no id; fill it in"),
        ("id\ns1\ns1\n", "roster.csv, line 3: the id 's1' is there twice; ids must differ"),
        ("id,extension_days\ns1,soon\n", "roster.csv, line 2: 'soon' is no number of days; write 0, 2 or 1.5"),
        ("id,extension_days\ns1,-1\n", "roster.csv, line 2: '-1' is no number of days"),
        ("id,extension_days\ns1,nan\n", "roster.csv, line 2: 'nan' is no number of days"),
    ],
)
def test_mistakes_in_a_roster_are_named(tmp_path: Path, text: str, reason: str) -> None:
    """The message says where, what and how to fix it."""
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(reason)


def test_missing_roster_is_a_usage_error(tmp_path: Path) -> None:
    """A path that does not exist is named."""
    with pytest.raises(UsageError, match=r"nothing to read at .*gone\.csv"):
        read_roster(tmp_path / "gone.csv")


def test_a_roster_that_is_no_text_is_a_usage_error(tmp_path: Path) -> None:
    """A spreadsheet's own format is named apart from a CSV."""
    path = tmp_path / "roster.xlsx"
    path.write_bytes(b"PK\x03\x04\x14\x00\x06\x00\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"roster\.xlsx is no table that can be read .* pass a CSV with id"):
        read_roster(path)


def test_students_are_found_by_key_before_name() -> None:
    """A system's own id wins over an id, an address or a login, and those over a name."""
    jane = Student("1", "Jane Doe", "jd@u.example", keys={"canvas": "2", "login": "jane"})
    john = Student("2", "John Roe", "jr@u.example")
    roster = Roster((jane, john))
    assert roster.find(keys=["2"], system="canvas") is jane
    assert roster.find(keys=["2"]) is john
    assert roster.find(keys=["JR"], name="Jane Doe") is john
    assert roster.find(keys=["jane"]) is jane
    assert roster.find(name="roejohn") is john
    assert roster.find(keys=["", "9"], name="") is None


def test_names_match_however_they_are_joined() -> None:
    """Given name first, family name first, with or without the comma."""
    assert list_name_forms("Jane Mary Doe") == list_name_forms("Doe, Jane Mary") == {"janemarydoe", "doejanemary"}
    assert list_name_forms("홍 길동") == {"홍길동", "길동홍"}
    assert list_name_forms("") == set()
