"""Adjust the reports of a run by hand, and notice reports that were edited instead."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from grader.classroom.adjustments import Adjustment, apply_adjustments, check_adjustment, find_basis
from grader.classroom.gradebook import Gradebook, open_gradebook
from grader.classroom.run_folder import RunFolder, read_report
from grader.model.errors import UsageError
from grader.model.report import GradeReport

# A running service holds a run's lock for a moment at a time.
PATIENCE = 10.0


def adjust_run(run: RunFolder, adjustments: Sequence[Adjustment], store: str | None = None) -> list[GradeReport]:
    """Keep adjustments and write the reports that they change. Return those reports.

    Keeps all of them or none. Raises UsageError for a student without a report and for an adjustment that means
    nothing.
    """
    assignment = read_report(run.list_reports()[0]).assignment.name
    # A correction follows a student who is set aside, and brings no one back.
    run = replace(run, outside=frozenset(each.student for each in run.list_aside().values()))
    with run.open(PATIENCE), open_gradebook(store or run.gradebook) as gradebook:
        known = gradebook.list_adjustments(assignment)
        checked = []
        for adjustment in adjustments:
            report = _find_graded(gradebook, adjustment.student, assignment, run)
            check_adjustment(adjustment, report, known.get(adjustment.student, []))
            checked.append(replace(adjustment, basis=find_basis(report, adjustment)))
        gradebook.add_adjustments(assignment, checked)
        known = gradebook.list_adjustments(assignment)
        adjusted = []
        for student in dict.fromkeys(adjustment.student for adjustment in checked):
            report = _find_graded(gradebook, student, assignment, run)
            adjusted.append(apply_adjustments(report, known[student]))
        with run.stage_reports(adjusted):
            pass
    run.renew_summary()
    return adjusted


def list_adjustments(run: RunFolder, store: str | None = None) -> list[Adjustment]:
    """Return every adjustment of a run, in the order in which they were made."""
    assignment = read_report(run.list_reports()[0]).assignment.name
    with open_gradebook(store or run.gradebook) as gradebook:
        rows = [row for rows in gradebook.list_adjustments(assignment).values() for row in rows]
    return sorted(rows, key=lambda row: row.number)


def refuse_edited_reports(run: RunFolder) -> None:
    """Raise UsageError where a report file is not the one that the gradebook gives.

    A run without a gradebook of its own, such as one on a grading platform, is not checked.
    """
    if not run.gradebook.is_file():
        return
    edited = []
    with open_gradebook(run.gradebook) as gradebook:
        adjustments: dict[str, list[Adjustment]] | None = None
        for report in run.read_reports():
            student, name = report.submission.student, report.assignment.name
            adjustments = gradebook.list_adjustments(name) if adjustments is None else adjustments
            attempt = gradebook.find_latest_attempt(student, name)
            if attempt and apply_adjustments(attempt.report, adjustments.get(student, [])) != report:
                edited.append(student)
    if edited:
        raise UsageError(
            f"edited by hand: the report files of {', '.join(edited)}; use `grader adjust {run.folder} STUDENT ...` "
            "instead, and run `grader batch` again to restore the files"
        )


def _find_graded(gradebook: Gradebook, student: str, assignment: str, run: RunFolder) -> GradeReport:
    attempt = gradebook.find_latest_attempt(student, assignment)
    if attempt is None:
        near = get_close_matches(student, run.list_students(), n=5)
        hint = f": did you mean {', '.join(near)}?" if near else ": `grader report RUN` lists the students"
        raise UsageError(f"no report of {student!r} in {str(run.folder)!r}{hint}")
    return attempt.report


def find_run(folder: Path) -> RunFolder:
    """Return a run that exists. Raises UsageError where the folder is none."""
    run = RunFolder(folder)
    run.list_reports()
    return run
