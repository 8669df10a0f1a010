"""Adjusting a run by hand, and what a regrade leaves of it."""

import json
from pathlib import Path

import pytest

from grader.classroom.adjust import adjust_run, list_adjustments, refuse_edited_reports
from grader.classroom.adjustments import Adjustment
from grader.exports import export_run
from grader.model.assignment import Assignment
from grader.model.errors import UsageError
from grader.reporting.published import ExportOptions
from grader.tests.support.fake_class import FakeClass, FakeExecutor, grade_well
from grader.tests.support.toy import open_project


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Assignment:
    """The toy assignment."""
    return open_project(monkeypatch, tmp_path / "course")


@pytest.fixture
def graded(toy: Assignment, tmp_path: Path) -> FakeClass:
    """A class of three, graded."""
    course = FakeClass(tmp_path, toy)
    for student in ("ann", "bob", "cho"):
        course.hand_in(student)
    course.grade(FakeExecutor(grade_well))
    return course


def adjust(student: str, kind: str, **fields: object) -> Adjustment:
    """An adjustment by kim."""
    return Adjustment(**{"student": student, "kind": kind, "reason": "read by hand", "by": "kim", **fields})  # type: ignore[arg-type]


def test_adjust_run_changes_the_report_and_the_summary(graded: FakeClass) -> None:
    """And no other student's."""
    before = graded.read_report("bob").score
    [report] = adjust_run(graded.run, [adjust("bob", "bonus", points=3.0, comment="a fine plot")])
    assert report.score == graded.read_report("bob").score == before + 3
    scores = {entry["student"]: entry["score"] for entry in graded.read_summary()["students"]}
    assert scores["bob"] == before + 3 and list(scores) == ["ann", "bob", "cho"]
    assert scores["ann"] == graded.read_report("ann").score == before


@pytest.mark.slow
def test_an_adjustment_survives_the_next_batch(graded: FakeClass) -> None:
    """Also a forced one, and one with another submission."""
    adjust_run(graded.run, [adjust("bob", "score", points=88.0)])
    graded.grade(FakeExecutor(grade_well), force=True)
    assert graded.read_report("bob").score == 88.0
    graded.hand_in("bob", "another attempt")
    graded.grade(FakeExecutor(grade_well))
    assert graded.read_report("bob").score == 88.0


def test_an_undo_brings_the_graded_score_back(graded: FakeClass) -> None:
    """The number that the list shows is enough for an undo."""
    before = graded.read_report("bob").score
    adjust_run(graded.run, [adjust("bob", "score", points=88.0)])
    [row] = list_adjustments(graded.run)
    adjust_run(graded.run, [adjust("bob", "undo", undoes=row.number)])
    assert graded.read_report("bob").score == before
    assert [row.kind for row in list_adjustments(graded.run)] == ["score", "undo"]


def test_adjust_run_keeps_all_or_none(graded: FakeClass) -> None:
    """A file with one wrong line changes nothing."""
    rows = [adjust("ann", "bonus", points=1.0), adjust("bobb", "bonus", points=1.0)]
    with pytest.raises(UsageError, match=r"no report of 'bobb' .*: did you mean bob"):
        adjust_run(graded.run, rows)
    assert list_adjustments(graded.run) == []


def test_an_edited_report_is_refused(graded: FakeClass) -> None:
    """With the name and the command to use; the next batch restores the file."""
    refuse_edited_reports(graded.run)
    path = graded.run.reports / "cho.json"
    report = json.loads(path.read_text())
    path.write_text(json.dumps({**report, "score": 99.0}))
    with pytest.raises(UsageError, match="edited by hand: the report files of cho; use `grader adjust"):
        refuse_edited_reports(graded.run)
    graded.grade(FakeExecutor(grade_well))
    refuse_edited_reports(graded.run)


def test_an_excused_student_is_excused_in_canvas(graded: FakeClass, tmp_path: Path) -> None:
    """And a held one is not in the file, with a note."""
    for student, number in (("ann", "11"), ("bob", "12"), ("cho", "13")):
        (graded.submissions / f"{student}.py").rename(graded.submissions / f"{number}.py")
    graded.grade(FakeExecutor(grade_well))
    adjust_run(graded.run, [adjust("11", "excuse"), adjust("12", "hold")])
    for student in ("ann", "bob", "cho"):
        (graded.run.reports / f"{student}.json").unlink()
    notes = export_run(graded.run.folder, tmp_path / "canvas.csv", to="canvas-csv", options=ExportOptions())
    rows = [line.split(",") for line in (tmp_path / "canvas.csv").read_text().splitlines()[2:]]
    assert [row[-1] for row in rows if "11" in row] == ["EX"]
    assert not [row for row in rows if "12" in row]
    assert any("'12' is held by staff" in note for note in notes)
