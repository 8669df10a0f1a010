"""Corrections by staff: the rule, what is refused, and what a regrade changes."""

from pathlib import Path

import pytest

from grader.classroom.adjustments import (
    Adjustment,
    apply_adjustments,
    check_adjustment,
    find_changed_bases,
    list_active,
    read_adjustments,
)
from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.tests.support.export_samples import make_faulty_report, make_report, make_test


def adjust(kind: str, number: int = 1, **fields: object) -> Adjustment:
    """An adjustment of S001."""
    given = {"student": "S001", "kind": kind, "reason": "read by hand", "by": "kim", "number": number}
    return Adjustment(**{**given, **fields})  # type: ignore[arg-type]


@pytest.fixture
def report() -> GradeReport:
    """10 of 10 for `a`, 0 of 20 for `b`."""
    return make_report(tests=[make_test("a"), make_test("b", "failed", points=20.0)])


@pytest.mark.parametrize(
    ("rows", "score"),
    [
        ([], 10.0),
        ([adjust("todo", todo="b", points=15.0)], 25.0),
        ([adjust("todo", todo="b", points=15.0), adjust("todo", 2, todo="b", points=5.0)], 15.0),
        ([adjust("score", points=27.5)], 27.5),
        ([adjust("score", points=27.5), adjust("todo", 2, todo="b", points=5.0)], 27.5),
        ([adjust("bonus", points=2.0), adjust("bonus", 2, points=1.5)], 13.5),
        ([adjust("bonus", points=-50.0)], 0.0),
        ([adjust("score", points=20.0), adjust("bonus", 2, points=3.0)], 23.0),
        ([adjust("score", points=20.0), adjust("undo", 2, undoes=1)], 10.0),
    ],
)
def test_apply_adjustments_follows_the_rule(report: GradeReport, rows: list[Adjustment], score: float) -> None:
    """Overrides of TODOs, then of the score, then bonus points; what was undone does not count."""
    assert apply_adjustments(report, rows).score == score


def test_apply_adjustments_leaves_lateness_charged(report: GradeReport) -> None:
    """An override of a TODO does not forgive lateness, which takes no more than there is."""
    late = report.model_copy(update={"score": 4.0, "late_penalty": 6.0})
    assert apply_adjustments(late, [adjust("todo", todo="b", points=20.0)]).score == 24.0
    lower = apply_adjustments(late, [adjust("todo", todo="a", points=2.0)])
    assert (lower.score, lower.late_penalty) == (0.0, 2.0)


def test_apply_adjustments_tells_the_student_the_comment_alone(report: GradeReport) -> None:
    """The reason and the author are for staff."""
    text = apply_adjustments(report, [adjust("bonus", points=1.0, comment="a fine plot")]).model_dump_json()
    assert "a fine plot" in text
    assert "read by hand" not in text and "kim" not in text


def test_excuse_and_hold_are_marked(report: GradeReport) -> None:
    """Each can be taken back alone."""
    rows = [adjust("excuse"), adjust("hold", 2), adjust("undo", 3, undoes=2)]
    found = apply_adjustments(report, rows)
    assert (found.excused, found.held, found.graded_score) == (True, False, 10.0)


def test_a_human_may_score_what_the_grader_could_not() -> None:
    """A grader fault with an override of the score counts as graded."""
    found = apply_adjustments(make_faulty_report("S001"), [adjust("score", points=8.0)])
    assert (found.status, found.score) == ("graded", 8.0)


def test_find_changed_bases_names_what_a_regrade_changed(report: GradeReport) -> None:
    """The line names what was overridden, what the tests gave then, and what they give now."""
    rows = [adjust("todo", todo="b", points=15.0, basis=5.0), adjust("score", 2, points=20.0, basis=10.0)]
    [line] = find_changed_bases(report, rows)
    assert "TODO b = 15" in line and "gave 5; now they give 0" in line


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (adjust("todo", todo="c", points=1.0), "no TODO 'c' in this assignment: there are a, b"),
        (adjust("todo", todo="b", points=21.0), "is worth 0 to 20 points, not 21.0: use --bonus"),
        (adjust("todo", todo="b", points=-1.0), "is worth 0 to 20 points"),
        (adjust("score", points=-1.0), "a score of 0 or more"),
        (adjust("score", points=float("nan")), "no number of points"),
        (adjust("bonus", points=1e308), "more than twice the 30 of the assignment"),
        (adjust("score", points=850.0), "more than twice the 30 of the assignment"),
        (adjust("bonus", points=1.0, reason=" "), "needs a reason"),
        (adjust("bonus", points=1.0, comment="x" * 2001), "more than 2000 characters"),
        (adjust("undo", undoes=7), "no adjustment 7 of 'S001' to undo: there are none"),
    ],
)
def test_check_adjustment_refuses(report: GradeReport, row: Adjustment, complaint: str) -> None:
    """With a sentence that says what to do."""
    with pytest.raises(UsageError, match=complaint):
        check_adjustment(row, report, [])


def test_an_undo_cannot_be_undone_twice(report: GradeReport) -> None:
    """The row that it takes back is no longer active."""
    rows = [adjust("hold"), adjust("undo", 2, undoes=1)]
    assert list_active(rows) == []
    with pytest.raises(UsageError, match="no adjustment 1"):
        check_adjustment(adjust("undo", 3, undoes=1), report, rows)


def test_read_adjustments_reads_a_csv(tmp_path: Path) -> None:
    """With a byte-order mark, as spreadsheets write it; `by` may stand in the file."""
    path = tmp_path / "adjust.csv"
    path.write_text("\ufeffstudent,kind,todo,points,reason,comment,by\ns1,todo,b,3,typo,,\ns2,excuse,,,ill,,lee\n")
    first, second = read_adjustments(path, by="kim")
    assert (first.student, first.todo, first.points, first.by) == ("s1", "b", 3.0, "kim")
    assert (second.kind, second.by) == ("excuse", "lee")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("student,kind,reason\ns1,raise,x\n", "line 2: no kind 'raise'"),
        ("student,kind,reason,points\ns1,score,x,many\n", "line 2: 'many' is no number"),
        ("student,kind,reason,points\ns1,score,x,\n", "line 2: score needs points"),
        ("student,kind\ns1,excuse\n", r"no columns \['reason'\]"),
        ("student,kind,reason,grade\n", r"unknown columns \['grade'\]"),
    ],
)
def test_read_adjustments_names_the_line_that_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    """Nothing of such a file is used."""
    path = tmp_path / "adjust.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=complaint):
        read_adjustments(path, by="kim")
