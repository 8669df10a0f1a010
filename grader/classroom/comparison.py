"""What changed between two runs: whose points, on which TODO, and why.

Read from the reports of both runs, so that a run can be compared wherever its gradebook is kept.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError
from rich.table import Table
from rich.text import Text

from grader.classroom.run_folder import RunFolder
from grader.model.errors import UsageError
from grader.model.report import GradeReport, TodoResult
from grader.reporting.safe_text import format_table
from grader.reporting.terminal import make_console

HEADER = ("student", "todo", "score_before", "score_after", "verdict_before", "verdict_after", "why")
# What a row is about where it is about no single TODO.
WHOLE = "(whole)"


class Reason(StrEnum):
    """Why a result may differ. The last one is the only one to worry about: nothing else explains it."""

    NEW = "only in the second run"
    GONE = "only in the first run"
    SUBMISSION = "submission changed"
    SUITE = "suite changed"
    ENVIRONMENT = "environment changed"
    VERDICT = "verdict changed"


@dataclass(frozen=True)
class Mark:
    """What a TODO, or a whole submission, was given. No score where the grader failed."""

    score: float | None = None
    verdict: str = ""


@dataclass(frozen=True)
class Change:
    """One student's mark for one TODO, before and after."""

    student: str
    todo: str
    before: Mark
    after: Mark
    why: tuple[Reason, ...]

    def list_cells(self) -> list[str]:
        """As a row of a table, in the order of `HEADER`."""
        scores = ["" if mark.score is None else f"{mark.score:g}" for mark in (self.before, self.after)]
        return [self.student, self.todo, *scores, self.before.verdict, self.after.verdict, "; ".join(self.why)]


def compare_runs(before: Path, after: Path) -> list[Change]:
    """Every difference, by student and then in the order of the TODOs. Raises UsageError where one is no run."""
    files = [{path.name: path for path in _list_reports(folder)} for folder in (before, after)]
    changes: list[Change] = []
    # Pair by pair, since a class need not fit into memory.
    for name in sorted(files[0].keys() | files[1].keys()):
        changes += compare_reports(*(_read_report(paths.get(name)) for paths in files))
    return changes


def compare_reports(before: GradeReport | None, after: GradeReport | None) -> list[Change]:
    """One student's differences."""
    present = before or after
    if present is None:
        return []
    student = present.submission.student
    if before is None or after is None:
        only = Reason.NEW if before is None else Reason.GONE
        return [Change(student, WHOLE, _mark_whole(before), _mark_whole(after), (only,))]
    why = tuple(_find_reasons(before, after)) or (Reason.VERDICT,)
    pairs = _pair_todos(before, after)
    changes = [Change(student, todo, one, other, why) for todo, (one, other) in pairs.items() if one != other]
    if not changes and _mark_whole(before) != _mark_whole(after):
        changes.append(Change(student, WHOLE, _mark_whole(before), _mark_whole(after), why))
    return changes


def print_comparison(changes: Sequence[Change]) -> None:
    """A table of the changes, and how many there are for each reason."""
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
    """The same as CSV. Raises UsageError where it cannot be written."""
    table = format_table([HEADER, *(change.list_cells() for change in changes)])
    try:
        path.write_bytes(table.encode())
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be written: {error.strerror}; choose another place with -o") from error


def _list_reports(folder: Path) -> list[Path]:
    reports = RunFolder(folder).reports
    if not reports.is_dir():
        raise UsageError(f"{str(folder)!r} is no run: pass a folder that `grader batch -o` wrote")
    return [path for path in reports.glob("*.json") if not path.name.startswith(".")]


def _read_report(path: Path | None) -> GradeReport | None:
    if path is None:
        return None
    try:
        return GradeReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        cause = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
        raise UsageError(
            f"{str(path)!r} is no report: {cause}; run `grader batch` for that class again, which writes it anew"
        ) from error


def _find_reasons(before: GradeReport, after: GradeReport) -> Iterator[Reason]:
    if before.submission.id != after.submission.id:
        yield Reason.SUBMISSION
    if before.assignment.suite_digest != after.assignment.suite_digest:
        yield Reason.SUITE
    if before.environment != after.environment:
        yield Reason.ENVIRONMENT


def _pair_todos(before: GradeReport, after: GradeReport) -> dict[str, tuple[Mark, Mark]]:
    ones = {todo.id: _mark_todo(before, todo) for todo in before.todos}
    others = {todo.id: _mark_todo(after, todo) for todo in after.todos}
    return {todo: (ones.get(todo, Mark()), others.get(todo, Mark())) for todo in dict.fromkeys([*ones, *others])}


def _mark_todo(report: GradeReport, todo: TodoResult) -> Mark:
    return Mark(None if report.status == "grader_fault" else todo.score, todo.status.value)


def _mark_whole(report: GradeReport | None) -> Mark:
    if report is None:
        return Mark()
    return Mark(None if report.status == "grader_fault" else report.score, report.status)
