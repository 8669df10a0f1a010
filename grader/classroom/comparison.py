"""Compare two runs: whose points changed, on which TODO, and why.

Only the reports of both runs are read, so that a run can be compared no matter where its gradebook is kept.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.table import Table
from rich.text import Text

from grader.classroom.run_folder import RunFolder, read_report
from grader.model.report import GradeReport
from grader.reporting.console import make_console
from grader.reporting.files import write_table

HEADER = ("student", "name", "todo", "score_before", "score_after", "verdict_before", "verdict_after", "why")
# Stands for the TODO in a row about the whole submission.
WHOLE = "(whole)"


class Reason(StrEnum):
    """A cause of a difference. Only the last reason needs attention: nothing else explains the change."""

    NEW = "only in the second run"
    GONE = "only in the first run"
    SUBMISSION = "submission changed"
    SUITE = "suite changed"
    ENVIRONMENT = "environment changed"
    VERDICT = "verdict changed"


@dataclass(frozen=True)
class ComparedScore:
    """The score of a TODO or of a whole submission. There is no score where the grader failed."""

    score: float | None = None
    verdict: str = ""


@dataclass(frozen=True)
class Change:
    """One student's mark for one TODO, before and after."""

    student: str
    name: str
    todo: str
    before: ComparedScore
    after: ComparedScore
    why: tuple[Reason, ...]

    def list_cells(self) -> list[str]:
        """Return the row of a table, in the order of `HEADER`."""
        scores = ["" if mark.score is None else f"{mark.score:g}" for mark in (self.before, self.after)]
        return [
            self.student,
            self.name,
            self.todo,
            *scores,
            self.before.verdict,
            self.after.verdict,
            "; ".join(self.why),
        ]


def compare_runs(before: Path, after: Path) -> list[Change]:
    """Return every difference, by student and then in the order of the TODOs. Raises UsageError where one is no run."""
    files = [{path.name: path for path in RunFolder(folder).list_reports()} for folder in (before, after)]
    changes: list[Change] = []
    # Pair by pair: a large class need not fit into memory.
    for name in sorted(files[0].keys() | files[1].keys()):
        changes += compare_reports(*(read_report(paths[name]) if name in paths else None for paths in files))
    return changes


def compare_reports(before: GradeReport | None, after: GradeReport | None) -> list[Change]:
    """Return one student's differences."""
    present = before or after
    if present is None:
        return []
    student, name = present.submission.student, present.submission.name
    if before is None or after is None:
        only = Reason.NEW if before is None else Reason.GONE
        return [Change(student, name, WHOLE, _mark_whole(before), _mark_whole(after), (only,))]
    differs = {
        Reason.SUBMISSION: before.submission.id != after.submission.id,
        Reason.SUITE: before.assignment.suite_digest != after.assignment.suite_digest,
        Reason.ENVIRONMENT: before.environment != after.environment,
    }
    why = tuple(reason for reason in differs if differs[reason]) or (Reason.VERDICT,)
    ones, others = (
        {
            todo.id: ComparedScore(None if report.final_score is None else todo.score, todo.status.value)
            for todo in report.todos
        }
        for report in (before, after)
    )
    pairs = {todo: (ones.get(todo, ComparedScore()), others.get(todo, ComparedScore())) for todo in {**ones, **others}}
    changes = [Change(student, name, todo, one, other, why) for todo, (one, other) in pairs.items() if one != other]
    if not changes and _mark_whole(before) != _mark_whole(after):
        changes.append(Change(student, name, WHOLE, _mark_whole(before), _mark_whole(after), why))
    return changes


def print_comparison(changes: Sequence[Change]) -> None:
    """Print a table of the changes, and their number for each reason."""
    console = make_console()
    if not changes:
        console.print("no mark changed")
        return
    table = Table(*(title.replace("_", " ") for title in HEADER), box=None)
    for change in changes:
        table.add_row(*(Text(cell) for cell in change.list_cells()))
    console.print(table)
    students = len({change.student for change in changes})
    reasons = Counter(reason for change in changes for reason in change.why)
    counts = ", ".join(f"{reason.value}: {reasons[reason]}" for reason in Reason if reasons[reason])
    console.print(f"{len(changes)} marks of {students} students changed ({counts})")


def write_comparison(changes: Sequence[Change], path: Path) -> None:
    """Write the changes as a CSV. Raises UsageError where it cannot be written."""
    write_table(path, [HEADER, *(change.list_cells() for change in changes)])


def _mark_whole(report: GradeReport | None) -> ComparedScore:
    return ComparedScore() if report is None else ComparedScore(report.final_score, report.status)
