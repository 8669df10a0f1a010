"""Exports that are tables: Canvas, Brightspace, Moodle, nbgrader and plain, read back by those systems' rules."""

import re
from pathlib import Path
from typing import Any

import pytest

from grader.exports import brightspace, canvas, moodle_worksheet, nbgrader, table
from grader.exports.nbgrader import split_name
from grader.intake.roster import Roster, Student, read_roster
from grader.model.errors import UsageError
from grader.tests.support.export_samples import (
    CLASS,
    FORMULA,
    ROSTER,
    TITLE,
    make_perfect_report,
    make_report,
    open_class,
    read_csv,
)

SCORES = {"S001": 70.0, "S002": 100.0, "S003": 70.0}
WORKSHEET = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 501,Jane Doe,S001,jane@uni.example,Submitted,,{best},Yes,"Friday, 10 October 2025, 10:22 AM",-,\n'
    "Participant 502,홍길동,,GILDONG@uni.example,Submitted,3,{best},Yes,-,-,old\n"
    "Participant 503,Kim,S003,,No submission,,{best},Yes,-,-,\n"
    'Participant 509,"Absent, Long",S009,long@uni.example,No submission,,{best},Yes,-,-,\n'
)


def read_as_canvas(path: Path) -> dict[str, dict[str, Any]]:
    """Canvas's own rules: which columns are whose, which row is whose, which values count; `points` change its own."""
    header, *rows = read_csv(path.read_bytes())
    assert "Student" in header[0] and "ID" in header[1]
    if "SIS User ID" in header:
        assert header[header.index("SIS User ID") + 1] == "SIS Login ID"
    first = header.index("Section") + 1
    assert rows[0][0].strip() == "Points Possible" and not any(rows[0][1:first])
    found = {"points": {"all": read_canvas_value(rows[0][first])}}
    for row in rows[1:]:
        assert row[1] or row[2] or row[3] or row[0], "nobody can be found by this row"
        key = row[2] or row[1]
        found[key] = {"canvas": row[1], "name": row[0]}
        for title, value in zip(header[first:], row[first:], strict=True):
            number = re.search(r"\((\d+)\)\s*$", title)
            found[key][number[1] if number else title] = read_canvas_value(value)
    return found


def read_canvas_value(value: str) -> float | str | None:
    """A number, a percentage, an excuse, or nothing."""
    if value in ("", "-"):
        return None
    if value.upper() == "EX":
        return "EX"
    return float(value)


def read_as_moodle(data: bytes) -> dict[str, float]:
    """Moodle's own rules: which columns must be there, and which rows it passes over."""
    header, *rows = read_csv(data)
    for title in ("Identifier", "Grade", "Last modified (grade)"):
        assert header.count(title) == 1
    taken = {}
    for row in (dict(zip(header, row, strict=True)) for row in rows):
        number = re.fullmatch(r"Participant (\d+)", row["Identifier"])
        assert number
        grade = row["Grade"]
        if grade and 0 <= float(grade) <= float(row["Maximum grade"]):
            taken[number[1]] = float(grade)
    return taken


def write_worksheet(folder: Path, best: str = "100.00", text: str = WORKSHEET) -> Path:
    """The worksheet as it was downloaded."""
    path = folder / "worksheet.csv"
    path.write_text(text.format(best=best), encoding="utf-8")
    return path


def test_canvas_takes_the_scores(tmp_path: Path) -> None:
    """Canvas reads what was sent, under the assignment's own number."""
    notes = canvas.write(open_class(column="HW1 (4321)"), tmp_path / "out.csv")
    found = read_as_canvas(tmp_path / "out.csv")
    assert found.pop("points") == {"all": None}
    assert {key: row["4321"] for key, row in found.items()} == SCORES
    assert found["S001"] == {"canvas": "1234", "name": "Doe, Jane", "4321": 70.0}
    assert found["S003"]["name"] == f"'{FORMULA}"
    assert notes == []


def test_canvas_would_make_a_new_column(tmp_path: Path) -> None:
    """Without the assignment's number in the title the staff is named what Canvas does."""
    notes = canvas.write(open_class(), tmp_path / "out.csv")
    hint = "to fill an existing one, pass --column 'TITLE (ID)'"
    assert notes == [f"Canvas will create a new assignment {TITLE!r}: {hint}"]
    found = read_as_canvas(tmp_path / "out.csv")
    assert found["S001"][TITLE] == 70.0
    assert found["points"] == {"all": 100.0}


def test_canvas_knows_its_own_ids_without_a_roster(tmp_path: Path) -> None:
    """A submission from Canvas's download is labelled with Canvas's id; any other label says nothing to Canvas."""
    published = open_class(make_report("1234"), make_report("jdoe"), roster=Roster(()), column="HW (1)")
    notes = canvas.write(published, tmp_path / "out.csv")
    assert notes == ["'jdoe' is left out: not on the roster, no Canvas id; pass --roster"]
    assert read_as_canvas(tmp_path / "out.csv")["1234"] == {"canvas": "1234", "name": "", "1": 70.0}
    assert len(read_csv((tmp_path / "out.csv").read_bytes())) == 3


def test_a_gradebook_of_canvas_is_a_roster_and_comes_back(tmp_path: Path) -> None:
    """The exported file can be read as the list of the class again."""
    canvas.write(open_class(column="HW1 (4321)"), tmp_path / "out.csv")
    students = read_roster(tmp_path / "out.csv").students
    assert [(student.id, student.keys.get("canvas")) for student in students] == [
        ("S001", "1234"), ("S002", "77"), ("S003", None),
    ]  # fmt: skip


def test_brightspace_takes_the_scores(tmp_path: Path) -> None:
    """Ids, the item's name with its suffix, and the mark at the end of each line."""
    notes = brightspace.write(open_class(column="HW1"), tmp_path / "out.csv")
    header, *rows = read_csv((tmp_path / "out.csv").read_bytes())
    assert header == ["OrgDefinedId", "Username", "HW1 Points Grade", "End-of-Line Indicator"]
    assert {row[0]: float(row[-2]) for row in rows} == SCORES
    assert [row[1] for row in rows] == ["jdoe", "gildong", "'+kim"]
    assert {row[-1] for row in rows} == {"#"}
    assert notes == []


def test_brightspace_gets_no_empty_names(tmp_path: Path) -> None:
    """The column of names is there for everybody or for no one."""
    roster = Roster((Student("1", "A", keys={"login": "a"}), Student("2", "B")))
    published = open_class(make_report("1"), make_report("2"), roster=roster, column="HW")
    notes = brightspace.write(published, tmp_path / "out.csv")
    header, *rows = read_csv((tmp_path / "out.csv").read_bytes())
    assert header == ["OrgDefinedId", "HW Points Grade", "End-of-Line Indicator"]
    assert rows == [["1", "70", "#"], ["2", "70", "#"]]
    assert notes == []


def test_brightspace_names_come_back(tmp_path: Path) -> None:
    """The exported file can be read as the list of the class again."""
    brightspace.write(open_class(make_report("S001"), make_report("S002"), column="HW"), tmp_path / "out.csv")
    students = read_roster(tmp_path / "out.csv").students
    assert [(student.id, student.keys) for student in students] == [
        ("S001", {"login": "jdoe"}), ("S002", {"login": "gildong"}),
    ]  # fmt: skip


def test_moodle_takes_the_scores(tmp_path: Path) -> None:
    """Participants are found by number, address, ID number; those without a score keep what was there."""
    notes = moodle_worksheet.write(open_class(worksheet=write_worksheet(tmp_path)), tmp_path / "out.csv")
    assert read_as_moodle((tmp_path / "out.csv").read_bytes()) == {"501": 70.0, "502": 100.0, "503": 70.0}
    assert notes == []


def test_moodles_other_columns_go_back_as_they_came(tmp_path: Path) -> None:
    """Only grade and comment are written; the time of the last grade guards against overwriting a newer one."""
    worksheet = write_worksheet(tmp_path)
    before = read_csv(worksheet.read_bytes().replace(b"\n", b"\r\n"))
    moodle_worksheet.write(open_class(worksheet=worksheet), tmp_path / "out.csv")
    after = read_csv((tmp_path / "out.csv").read_bytes())
    assert before[0] == after[0]
    ours = {before[0].index("Grade"), before[0].index("Feedback comments")}
    for old, new in zip(before, after, strict=True):
        assert [c for i, c in enumerate(old) if i not in ours] == [c for i, c in enumerate(new) if i not in ours]
    assert before[-1] == after[-1]


def test_moodle_shows_comments_without_running_them(tmp_path: Path) -> None:
    """The comment is HTML in Moodle's own pages: what a student wrote is escaped."""
    moodle_worksheet.write(open_class(worksheet=write_worksheet(tmp_path)), tmp_path / "out.csv")
    comment = read_csv((tmp_path / "out.csv").read_bytes())[1][-1]
    assert "expected shape (2, 3), got (3, 2)" in comment
    assert "<script>" not in comment
    assert "&lt;script&gt;" in comment


def test_points_are_scaled_to_moodles_maximum(tmp_path: Path) -> None:
    """A grade above the assignment's maximum would be passed over, so it is scaled, and the staff is named."""
    worksheet = write_worksheet(tmp_path, "10,00".replace(",", "."))
    notes = moodle_worksheet.write(open_class(worksheet=worksheet), tmp_path / "out.csv")
    assert read_as_moodle((tmp_path / "out.csv").read_bytes()) == {"501": 7.0, "502": 10.0, "503": 7.0}
    assert notes == ["points were scaled from 100 to 10, the maximum in the worksheet"]


def test_participants_numbers_serve_without_a_roster(tmp_path: Path) -> None:
    """A submission from Moodle's download is labelled with the participant's number."""
    published = open_class(make_report("503"), roster=Roster(()), worksheet=write_worksheet(tmp_path))
    moodle_worksheet.write(published, tmp_path / "out.csv")
    assert read_as_moodle((tmp_path / "out.csv").read_bytes()) == {"502": 3.0, "503": 70.0}


def test_a_row_that_two_students_could_own_is_nobodys(tmp_path: Path) -> None:
    """A grade must not go to a namesake, neither of the class nor of the worksheet."""
    roster = Roster((Student("1", "홍길동"), Student("2", "홍길동"), Student("3", "Long Absent")))
    published = open_class(*(make_report(name) for name in "123"), roster=roster, worksheet=write_worksheet(tmp_path))
    notes = moodle_worksheet.write(published, tmp_path / "out.csv")
    assert read_as_moodle((tmp_path / "out.csv").read_bytes()) == {"502": 3.0, "509": 70.0}
    assert notes == [f"'{name}' is left out: no row of the worksheet is certain; pass --roster" for name in ("1", "2")]


def test_moodle_needs_its_worksheet(tmp_path: Path) -> None:
    """Without one, and with something else, the message says where to get it."""
    with pytest.raises(UsageError, match=r"download it in Moodle .* and pass --worksheet"):
        moodle_worksheet.write(open_class(), tmp_path / "out.csv")
    other = write_worksheet(tmp_path, text="Identifier,Full name\nParticipant 1,x\n")
    with pytest.raises(UsageError, match=r"worksheet\.csv is not a grading worksheet: it has no column 'Grade'"):
        moodle_worksheet.write(open_class(worksheet=other), tmp_path / "out.csv")
    with pytest.raises(UsageError, match=r"nothing to read at .* pass Moodle's offline grading worksheet"):
        moodle_worksheet.write(open_class(worksheet=tmp_path / "gone.csv"), tmp_path / "out.csv")


def test_nbgrader_reads_its_columns(tmp_path: Path) -> None:
    """The header is fixed; a late penalty stands between the raw and the final score."""
    late = make_perfect_report("S001").model_copy(update={"score": 90.0, "late_penalty": 10.0})
    nbgrader.write(open_class(late), tmp_path / "out.csv")
    header, row = read_csv((tmp_path / "out.csv").read_bytes())
    assert ",".join(header) == (
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,"
        "max_score"
    )
    assert row == [
        "a4_attention", "", "2025-10-10T10:22:05+09:00", "S001", "Doe", "Jane", "jane@uni.example", "100", "10", "90",
        "100",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Doe, Jane Mary", ("Jane Mary", "Doe")),
        ("Jane Mary Doe", ("Jane Mary", "Doe")),
        ("홍길동", ("", "홍길동")),
        ("", ("", "")),
    ],
)
def test_names_are_taken_apart(name: str, parts: tuple[str, str]) -> None:
    """With a comma the family name comes first."""
    assert split_name(name) == parts


def test_the_plain_table_has_every_student_and_every_todo(tmp_path: Path) -> None:
    """Students without a score are in it too, with the reason and an empty score."""
    table.write(open_class(), tmp_path / "out.csv")
    header, *rows = read_csv((tmp_path / "out.csv").read_bytes())
    assert header[-2:] == ["luong.scores", "luong.weights"]
    found = {row["student"]: row for row in (dict(zip(header, row, strict=True)) for row in rows)}
    assert set(found) == {report.submission.student for report in CLASS}
    assert {key: float(found[key]["score"]) for key in SCORES} == SCORES
    assert (found["S004"]["status"], found["S004"]["score"], found["S004"]["luong.scores"]) == ("grader_fault", "", "")
    assert found["S001"]["luong.scores"] == "40"
    assert found["S001"]["section"] == ROSTER.students[0].section
