"""A term: three batches, withdrawals, another suite, other points, adjustments, and what is published."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.classroom.adjust import adjust_run
from grader.classroom.adjustments import Adjustment
from grader.exports import ExportOptions, export_run
from grader.intake.roster import Roster, read_roster
from grader.tests.support.class_downloads import lay_out
from grader.tests.support.export_samples import ROSTER, write_run
from grader.tests.support.lms_reader import read_canvas, read_gradescope, read_moodle, read_moodle_feedback
from grader.tests.support.toy import TESTS, TOML
from grader.tests.support.toy_class import ToyClass

RIGHT = "def double(number):\n    return 2 * number\n\n\ndef shout(word):\n    return word.upper()\n"
SILENT = RIGHT.replace("word.upper()", "word")
SINGLE = RIGHT.replace("2 * number", "number")
NOTHING = SILENT.replace("2 * number", "number")
LENIENT = TESTS.replace("== word.upper()", ".upper() == word.upper()")
DEARER = TOML.replace("60", "70").replace("points = 40", "points = 30")
STUDENTS = {
    "s1": ("Jane Doe", "11"), "s2": ("홍길동", "12"), "s3": ("Min Kim", "13"), "s4": ("Bo Lee", "14"),
    "s5": ("Mei Tan", "15"), "s6": ("Ada Fox", "16"),
}  # fmt: skip
FILES = {"c.csv": "canvas-csv", "m.csv": "moodle-csv", "m.zip": "moodle-feedback", "g": "gradescope"}
WORKSHEET = "Identifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (grade),Feedback comments\n"


def read_class(folder: Path, *students: str) -> Roster:
    """The roster of a part of the students, from a file."""
    rows = [f"{student},{STUDENTS[student][0]},{STUDENTS[student][1]},5{STUDENTS[student][1]}" for student in students]
    path = folder / "roster.csv"
    path.write_text("\n".join(["id,name,canvas,moodle", *rows]), encoding="utf-8")
    return read_roster(path)


def download(folder: Path, works: Mapping[str, str]) -> Path:
    """The submissions as Canvas packs them, by Canvas id."""
    return lay_out(folder, {f"x_{number}_9{number}_toy.py": text for number, text in works.items()})


def adjust(student: str, kind: str, **fields: object) -> Adjustment:
    """A correction by the staff."""
    return Adjustment(student=student, kind=kind, reason="agreed", by="ta", **fields)


@pytest.mark.slow
def test_a_term_is_published_as_it_was_graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every score at every step is one that was worked out by hand."""
    monkeypatch.setenv("GRADER_SECRET", "secret")
    toys = ToyClass(tmp_path, monkeypatch)

    def read_scores() -> dict[str, float]:
        return {report.submission.student: report.score for report in toys.run.read_reports()}

    # The first batch: s6 hands in nothing, and number 99 is on no roster.
    first = {"11": RIGHT, "12": SILENT, "13": SINGLE, "14": SINGLE, "15": NOTHING, "99": RIGHT}
    everyone = read_class(tmp_path, *STUDENTS)
    done = toys.grade_download(download(tmp_path / "first", first), everyone)
    assert read_scores() == {"s1": 100, "s2": 60, "s3": 40, "s4": 40, "s5": 0}
    assert [each.student for each in toys.run.list_aside().values()] == ["99"]
    corrections = [adjust("s2", "todo", todo="shout", points=10.0), adjust("s3", "excuse"),
                   adjust("s4", "bonus", points=5.0, comment="a fine plot")]  # fmt: skip
    adjust_run(toys.run, corrections)
    assert read_scores() == {"s1": 100, "s2": 70, "s3": 40, "s4": 45, "s5": 0}

    # The second: s4 has withdrawn, s5 hands in again, s6 hands in.
    second = {"11": RIGHT, "12": SILENT, "13": SINGLE, "15": RIGHT, "16": SILENT}
    done = toys.grade_download(
        download(tmp_path / "second", second), read_class(tmp_path, "s1", "s2", "s3", "s5", "s6")
    )
    assert [each.student for each in done.set_aside] == ["s4"]
    assert read_scores() == {"s1": 100, "s2": 70, "s3": 40, "s5": 100, "s6": 60}

    # A test is more lenient from now on: `shout` of s2 and s6 passes, and the override for s2 stays.
    toys.change(tests=LENIENT)
    done = toys.rejudge()
    assert toys.opened == 0
    assert read_scores() == {"s1": 100, "s2": 70, "s3": 40, "s5": 100, "s6": 100}
    assert any("was made when the tests gave 0; now they give 40" in line for line in done.warnings)

    # Other points: one edit, and no test runs.
    toys.change(tests=LENIENT, toml=DEARER)
    toys.rejudge()
    assert toys.submitted == []
    assert read_scores() == {"s1": 100, "s2": 80, "s3": 30, "s5": 100, "s6": 100}

    # The third: s4 is back with the same work and the bonus, s6 hands in something worse, s1 has withdrawn.
    third = {"12": SILENT, "13": SINGLE, "14": SINGLE, "15": RIGHT, "16": SINGLE}
    last = read_class(tmp_path, "s2", "s3", "s4", "s5", "s6")
    done = toys.grade_download(download(tmp_path / "third", third), last)
    assert [each.student for each in done.set_aside] == ["s1"]
    assert read_scores() == {"s2": 80, "s3": 30, "s4": 35, "s5": 100, "s6": 30}
    adjust_run(toys.run, [adjust("s5", "score", points=88.0), adjust("s6", "hold")])

    # s1 has left, s3 is excused, s6 is held.
    worksheet = tmp_path / "worksheet.csv"
    rows = [f"Participant 5{number},{name},,Submitted,,100,-," for name, number in STUDENTS.values()]
    worksheet.write_text("\n".join([WORKSHEET.strip(), *rows]), encoding="utf-8")
    options = ExportOptions(roster=last, worksheet=worksheet, column="HW (4)")
    for name, to in FILES.items():
        export_run(toys.run.folder, tmp_path / name, to=to, options=options)
    assert read_canvas(tmp_path / "c.csv") == {"12": "80", "13": "EX", "14": "35", "15": "88"}
    moodle = read_moodle(tmp_path / "m.csv")
    assert {number: grade for number, (grade, _) in moodle.items()} == {"512": 80, "514": 35, "515": 88}
    assert "a fine plot" in moodle["514"][1]
    assert read_moodle_feedback(tmp_path / "m.zip").keys() == {"512", "514", "515"}
    files = {path.stem: read_gradescope(path) for path in (tmp_path / "g").iterdir()}
    assert {student: score for student, (score, _) in files.items()} == {"s2": 80, "s4": 35, "s5": 88}
    assert sum(test["max_score"] for test in files["s2"][1]) == 100


def test_exports_come_back_from_an_independent_reader(tmp_path: Path) -> None:
    """The three systems' files hold the same scores under the systems' own ids."""
    run, worksheet = write_run(tmp_path / "run"), tmp_path / "worksheet.csv"
    worksheet.write_text(f"{WORKSHEET}Participant 501,Jane Doe,,Submitted,,100,-,\n", encoding="utf-8")
    options = ExportOptions(roster=ROSTER, worksheet=worksheet, column="HW (4)")
    for name, to in FILES.items():
        export_run(run, tmp_path / name, to=to, options=options)
    assert read_canvas(tmp_path / "c.csv")["1234"] == "70"
    assert read_moodle(tmp_path / "m.csv")["501"][0] == 70
    assert read_moodle_feedback(tmp_path / "m.zip").keys() == {"501"}
    assert read_gradescope(tmp_path / "g" / "S001.json")[0] == 70
