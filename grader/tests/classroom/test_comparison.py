"""Two runs side by side: who changed, on which TODO, why."""

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.classroom.comparison import Change, ComparedScore, Reason, compare_reports, compare_runs
from grader.classroom.run_folder import RunFolder
from grader.cli.app import app
from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.tests.support.fake_worker import ENVIRONMENT, make_report


def write_run(folder: Path, *reports: GradeReport) -> Path:
    """A run of these reports."""
    run = RunFolder(folder)
    with run.open():
        for report in reports:
            with run.stage_report(report):
                pass
    return folder


def list_reasons(before: GradeReport, after: GradeReport) -> list[tuple[Reason, ...]]:
    """Return the reasons for the changes of one student's TODOs."""
    return [change.why for change in compare_reports(before, after)]


def test_two_equal_reports_have_no_change():
    """Timings do not count."""
    slower = make_report("kim").model_copy(update={"timing": make_report("kim").timing.model_copy()})
    assert compare_reports(make_report("kim"), slower) == []


def test_a_change_names_the_todo_and_both_marks():
    """The TODO that stayed as it was is not listed."""
    (change,) = compare_reports(make_report("kim", score=100), make_report("kim", score=70))
    assert change == Change(
        "kim", "", "second", ComparedScore(40.0, "passed"), ComparedScore(10.0, "failed"), (Reason.VERDICT,)
    )


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        ({"submission": "b" * 64}, Reason.SUBMISSION),
        ({"suite": "t" * 64}, Reason.SUITE),
        ({}, Reason.VERDICT),
    ],
    ids=["submission", "suite", "neither"],
)
def test_the_reason_is_what_differs(update, reason):
    """The same work was judged differently if neither the submission nor the suite differs."""
    assert list_reasons(make_report("kim"), make_report("kim", score=70, **update)) == [(reason,)]


def test_several_reasons_are_all_named():
    """Either could be it."""
    other = make_report("kim", score=70, submission="b" * 64, suite="t" * 64)
    assert list_reasons(make_report("kim"), other) == [(Reason.SUBMISSION, Reason.SUITE)]


def test_another_environment_is_a_reason():
    """As with another version of torch."""
    environment = ENVIRONMENT.model_copy(update={"torch": "3"})
    other = make_report("kim", score=70).model_copy(update={"environment": environment})
    assert list_reasons(make_report("kim"), other) == [(Reason.ENVIRONMENT,)]


def test_a_resubmission_with_the_same_marks_is_no_change():
    """Reasons are named only where something came of them."""
    assert compare_reports(make_report("kim"), make_report("kim", submission="b" * 64)) == []


def test_a_fault_is_no_score_of_zero():
    """It is an empty one."""
    changes = compare_reports(make_report("kim"), make_report("kim", score=0, status="grader_fault"))
    assert {change.after.score for change in changes} == {None}


def test_another_penalty_is_a_change_of_the_whole():
    """No TODO changed, the score did."""
    late = make_report("kim").model_copy(update={"score": 90.0, "late_penalty": 10.0})
    (change,) = compare_reports(make_report("kim"), late)
    assert (change.todo, change.before.score, change.after.score) == ("(whole)", 100.0, 90.0)


def test_who_is_in_one_run_only_is_listed(tmp_path):
    """With the mark that there is."""
    before = write_run(tmp_path / "a", make_report("kim"))
    after = write_run(tmp_path / "b", make_report("lee", score=70))
    assert compare_runs(before, after) == [
        Change("kim", "", "(whole)", ComparedScore(100.0, "graded"), ComparedScore(), (Reason.GONE,)),
        Change("lee", "", "(whole)", ComparedScore(), ComparedScore(70.0, "graded"), (Reason.NEW,)),
    ]


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    """The message says what to pass."""
    run = write_run(tmp_path / "a", make_report("kim"))
    with pytest.raises(UsageError, match="pass the folder that `grader batch -o` wrote"):
        compare_runs(run, tmp_path / "nowhere")


def test_a_damaged_report_is_named(tmp_path):
    """And how to have it back."""
    run = write_run(tmp_path / "a", make_report("kim"))
    (run / "reports" / "kim.json").write_text("{")
    with pytest.raises(UsageError, match=r"kim\.json' cannot be read as a report: .* grade that submission again"):
        compare_runs(run, run)


def test_the_command_prints_and_writes_the_changes(tmp_path):
    """A table with the reasons counted, and a CSV in the second run that no spreadsheet would run."""
    before = write_run(tmp_path / "a", make_report("=kim"), make_report("lee"))
    after = write_run(tmp_path / "b", make_report("=kim", score=70, suite="t" * 64), make_report("lee"))
    run = CliRunner().invoke(app, ["compare", str(before), str(after)])
    assert run.exit_code == 0, run.output
    assert "1 marks of 1 students changed (suite changed: 1)" in run.output
    with (after / "comparison.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1:] == [["'=kim", "", "second", "40", "10", "passed", "failed", "suite changed"]]
