"""Print reports, tables and progress on a terminal."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from grader.model.course import Course
from grader.model.report import GradeReport
from grader.model.verdict import Language, Verdict
from grader.reporting.catalogue import translate
from grader.reporting.console import STYLES, make_console
from grader.reporting.feedback import list_troubles
from grader.reporting.messages import describe_adjustments, describe_verdict, read_labels
from grader.reporting.safe_text import escape_control_characters
from grader.reporting.troubles import rank_test
from grader.reporting.wording import choose_title

if TYPE_CHECKING:  # tables and bars are imported where one is printed: a single grade has none
    from rich.progress import Progress


def print_assignments(course: Course) -> None:
    """Print every assignment with its TODOs and points."""
    from rich.table import Table

    table = Table("assignment", "TODO", "what", "points", box=None)
    for name in course.list_assignments():
        assignment = course.load_assignment(name)
        for index, todo in enumerate(assignment.todos):
            table.add_row("" if index else name, todo.id, todo.title, f"{todo.points:g}")
    make_console().print(table)


def print_report(report: GradeReport, language: Language, *, staff: bool = False) -> None:
    """Print one report: each TODO, and one line for each thing that is wrong; for `staff` with the failing tests."""
    console = make_console()
    if report.submission.name:
        console.print(Text(escape_control_characters(report.submission.label)))
    console.print(
        Text(f"{choose_title(report.assignment, language)}: {report.score:g} / {report.max_score:g}", style="bold")
    )
    for text in describe_adjustments(report, language):
        console.print(Text(f"  {escape_control_characters(text)}", style="yellow"))
    if report.late_penalty:
        console.print(Text(f"  {read_labels(language)['late_penalty']}: {-report.late_penalty:g}", style="yellow"))
    if report.fault:
        console.print(Text(f"grader fault: {escape_control_characters(report.fault)}", style="bold red"))
    for todo in report.todos:
        verdict = todo.status.value
        if todo.status is not Verdict.PASSED:
            verdict += f": {describe_verdict(todo.status, language)}"
        console.print(
            Text(
                f"  {todo.id:<22} {todo.score:>5g} / {todo.max_score:<5g} {verdict}",
                style=STYLES.get(todo.status, "red"),
            )
        )
        for text in _list_tests(report, todo.id) if staff else list_troubles(report, todo.id, language):
            console.print(Text(f"      {escape_control_characters(text)}"))
    for note in (*report.notes, *report.submission.notes):
        text = f"  {read_labels(language)['note']}: {translate(note, language)}"
        console.print(Text(escape_control_characters(text), style="dim"))
    for remark in report.remarks:
        console.print(Text(f"  worth a look: {escape_control_characters(remark)}", style="yellow"))


def _list_tests(report: GradeReport, todo: str) -> list[str]:
    tests = [test for test in report.tests if test.todo == todo and test.status is not Verdict.PASSED]
    return [
        f"{test.id} ({test.status.value}): {test.message}{f' ({test.hint})' if test.hint else ''}"
        for test in sorted(tests, key=rank_test)
    ]


def print_class(reports: Sequence[GradeReport]) -> None:
    """Print a class: one row a student, one column a TODO."""
    if not reports:
        return
    from rich.table import Table

    late = ["late"] if any(report.late_penalty for report in reports) else []
    named = ["name"] if any(report.submission.name for report in reports) else []
    table = Table(
        "student", *named, "score", *late, *(todo.id for todo in reports[0].todos), "verdicts", "seconds", box=None
    )
    for report in reports:
        cells = [Text(f"{todo.score:g}", style=STYLES.get(todo.status, "red")) for todo in report.todos]
        verdicts = ", ".join(dict.fromkeys(todo.status.value for todo in report.todos if todo.status != "passed"))
        table.add_row(
            Text(escape_control_characters(report.submission.student)),
            *[Text(escape_control_characters(report.submission.name))] * len(named),
            f"{report.score:g}",
            *[f"{-report.late_penalty:g}" if report.late_penalty else ""] * len(late),
            *cells,
            verdicts,
            f"{report.timing.wall_seconds:.2f}",
        )
    make_console().print(table)


@contextmanager
def open_progress(total: int, *, quiet: bool) -> Iterator[Callable[[GradeReport], None]]:
    """Yield a function to call with every finished report: it moves a bar, or prints lines if this is no terminal."""
    console = make_console()
    if quiet:
        yield lambda report: None
    elif console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            yield _Bar(progress, total)
    else:
        yield _Lines(console, total)


class _Bar:
    """Move a bar and show the rate."""

    def __init__(self, progress: "Progress", total: int) -> None:
        self.progress = progress
        self.task = progress.add_task("grading", total=total, rate="")
        self.done = 0
        self.started = time.monotonic()

    def __call__(self, report: GradeReport) -> None:
        self.done += 1
        rate = self.done / max(time.monotonic() - self.started, 1e-9)
        self.progress.update(self.task, advance=1, rate=f"{rate:.1f}/s")


class _Lines:
    """Print a line for each report."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.done = 0

    def __call__(self, report: GradeReport) -> None:
        self.done += 1
        score = f"{report.score:g} / {report.max_score:g}"
        student = escape_control_characters(report.submission.label)
        self.console.print(Text(f"[{self.done}/{self.total}] {student}: {score}, {report.status}"))
