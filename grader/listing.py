"""Tables for people: assignments, one report, a class.

Zone: trusted. Called by `cli`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from grader.assignment import list_assignments, load_assignment
from grader.datasets import Dataset, Finding
from grader.report import CheckResult, GradeReport
from grader.verdict import MEANINGS, Verdict

STYLES = {Verdict.PASSED: "green", Verdict.UNFILLED: "yellow", Verdict.GRADER_FAULT: "bold red"}


def print_assignments() -> None:
    """Every assignment with its TODOs and points."""
    table = Table("assignment", "TODO", "what", "points", box=None)
    for name in list_assignments():
        assignment = load_assignment(name)
        for index, todo in enumerate(assignment.todos):
            table.add_row("" if index else name, todo.id, todo.title, f"{todo.points:g}")
    make_console().print(table)


def print_datasets(datasets: Sequence[Dataset]) -> None:
    """Every dataset of the manifest."""
    table = Table("dataset", "what", "MB", "licence", "source", box=None)
    for dataset in datasets:
        size = f"{dataset.size / 1e6:.2f}" if dataset.size else ""
        table.add_row(dataset.name, dataset.title, size, dataset.licence, dataset.source)
    make_console().print(table)


def print_findings(findings: Sequence[Finding]) -> None:
    """Whether each dataset is whole, and what to do where it is not."""
    for finding in findings:
        make_console().print(f"{finding.dataset.name:<14} {finding.state.value:<8} {finding.detail}", markup=False)


def print_report(report: GradeReport, language: Literal["en", "ko"]) -> None:
    """One submission: each TODO, and for each trouble one line that says what is wrong."""
    console = make_console()
    console.print(Text(f"{report.assignment.title}: {report.score:g} / {report.max_score:g}", style="bold"))
    if report.fault:
        console.print(Text(f"grader fault: {report.fault}", style="bold red"))
    for todo in report.todos:
        console.print(
            Text(
                f"  {todo.id:<22} {todo.score:>5g} / {todo.max_score:<5g} {_tell(todo.status, language)}",
                style=STYLES.get(todo.status, "red"),
            )
        )
        for text in _list_troubles([test for test in report.tests if test.todo == todo.id], language):
            console.print(Text(f"      {text}"))
    for note in report.submission.notes[:10]:
        console.print(Text(f"  note: {note}", style="dim"))


def print_class(reports: Sequence[GradeReport]) -> None:
    """A class: one row a student, one column a TODO."""
    if not reports:
        return
    table = Table("student", "score", *(todo.id for todo in reports[0].todos), "verdicts", "seconds", box=None)
    for report in reports:
        cells = [Text(f"{todo.score:g}", style=STYLES.get(todo.status, "red")) for todo in report.todos]
        verdicts = ", ".join(dict.fromkeys(todo.status.value for todo in report.todos if todo.status != "passed"))
        table.add_row(
            Text(report.submission.student), f"{report.score:g}", *cells, verdicts, f"{report.timing.wall_seconds:.2f}"
        )
    make_console().print(table)


@contextmanager
def open_progress(total: int, *, quiet: bool) -> Iterator[Callable[[GradeReport], None]]:
    """Something to tell every finished report: a bar on a terminal, plain lines elsewhere."""
    console = make_console()
    if quiet:
        yield lambda report: None
    elif console.is_terminal:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            yield _BarTeller(progress, total)
    else:
        yield _LineTeller(console, total)


class _BarTeller:
    """Moves a bar and says how many are done in a second."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress = progress
        self.task = progress.add_task("grading", total=total, rate="")
        self.done = 0
        self.started = time.monotonic()

    def __call__(self, report: GradeReport) -> None:
        self.done += 1
        rate = self.done / max(time.monotonic() - self.started, 1e-9)
        self.progress.update(self.task, advance=1, rate=f"{rate:.1f}/s")


class _LineTeller:
    """Prints a line a submission."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.done = 0

    def __call__(self, report: GradeReport) -> None:
        self.done += 1
        score = f"{report.score:g} / {report.max_score:g}"
        self.console.print(Text(f"[{self.done}/{self.total}] {report.submission.student}: {score}, {report.status}"))


def make_console() -> Console:
    """A console that keeps wide tables whole when it is not a terminal."""
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=200)


def _tell(verdict: Verdict, language: Literal["en", "ko"]) -> str:
    return f"{verdict.value}: {MEANINGS[verdict].tell(language)}" if verdict is not Verdict.PASSED else verdict.value


def _list_troubles(tests: Sequence[CheckResult], language: Literal["en", "ko"]) -> list[str]:
    # Many tests can fall over the same mistake: it is told once.
    lines = [f"{test.message}{f' ({test.hint})' if test.hint else ''}" for test in tests if test.status != "passed"]
    return list(dict.fromkeys(line for line in lines if line))
