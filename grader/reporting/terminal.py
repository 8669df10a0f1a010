"""Tables for people: assignments, one report, a class."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from grader.model.course import Course
from grader.model.report import CheckResult, GradeReport
from grader.model.verdict import MEANINGS, Verdict
from grader.reporting.feedback import WORDS
from grader.reporting.safe_text import escape_control_characters

if TYPE_CHECKING:
    from grader.student.check import Check
    from grader.student.findings import PublicFinding
    from grader.student.kit import Kit

CHECK_WORDS = {
    "en": {
        "note": "note",
        "counts": "{place}: {passed} of {count} public tests passed",
        "open": "{count} of {all} TODOs not filled in yet: {names}",
        "complete": "these are small examples: what is graded asks for more of the same",
    },
    "ko": {
        "note": "참고",
        "counts": "{place}: 공개 테스트 {count}개 중 {passed}개 통과",
        "open": "TODO {all}개 중 아직 채우지 않은 것 {count}개: {names}",
        "complete": "작은 예제들입니다. 채점은 같은 것을 더 넓게 봅니다",
    },
}
STYLES = {Verdict.PASSED: "green", Verdict.UNFILLED: "yellow", Verdict.GRADER_FAULT: "bold red"}


def print_assignments(course: Course) -> None:
    """Every assignment with its TODOs and points."""
    table = Table("assignment", "TODO", "what", "points", box=None)
    for name in course.list_assignments():
        assignment = course.load_assignment(name)
        for index, todo in enumerate(assignment.todos):
            table.add_row("" if index else name, todo.id, todo.title, f"{todo.points:g}")
    make_console().print(table)


def print_report(report: GradeReport, language: Literal["en", "ko"]) -> None:
    """One submission: each TODO, and for each trouble one line that says what is wrong."""
    console = make_console()
    console.print(Text(f"{report.assignment.title}: {report.score:g} / {report.max_score:g}", style="bold"))
    if report.late_penalty:
        console.print(Text(f"  {WORDS[language]['late_penalty']}: {-report.late_penalty:g}", style="yellow"))
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
            console.print(Text(f"      {escape_control_characters(text)}"))
    for note in (*report.notes, *report.submission.notes[:10]):
        console.print(Text(f"  note: {escape_control_characters(note)}", style="dim"))
    for remark in report.remarks:
        console.print(Text(f"  worth a look: {escape_control_characters(remark)}", style="yellow"))


def print_class(reports: Sequence[GradeReport]) -> None:
    """A class: one row a student, one column a TODO."""
    if not reports:
        return
    late = ["late"] if any(report.late_penalty for report in reports) else []
    table = Table("student", "score", *late, *(todo.id for todo in reports[0].todos), "verdicts", "seconds", box=None)
    for report in reports:
        cells = [Text(f"{todo.score:g}", style=STYLES.get(todo.status, "red")) for todo in report.todos]
        verdicts = ", ".join(dict.fromkeys(todo.status.value for todo in report.todos if todo.status != "passed"))
        table.add_row(
            Text(escape_control_characters(report.submission.student)),
            f"{report.score:g}",
            *[f"{-report.late_penalty:g}" if report.late_penalty else ""] * len(late),
            *cells,
            verdicts,
            f"{report.timing.wall_seconds:.2f}",
        )
    make_console().print(table)


def print_public_finding(finding: "PublicFinding", language: Literal["en", "ko"]) -> None:
    """One public test as soon as it has ended: its TODO, what it asks, and what was expected and found."""
    verdict, hint = finding.outcome.verdict, finding.outcome.hint
    sentence = MEANINGS[verdict].tell(language)
    is_open = verdict is Verdict.UNFILLED
    line = f"  {verdict.value:<9} {finding.todo:<20} {sentence if is_open else finding.name}"
    make_console().print(Text(line, style=STYLES.get(verdict, "red")))
    if is_open or verdict is Verdict.PASSED:
        return
    # Messages are English; a Korean reader is told the verdict first.
    parts = [sentence, finding.outcome.message] if language == "ko" else [finding.outcome.message or sentence]
    told = ": ".join(part for part in parts if part)
    make_console().print(Text(escape_control_characters(f"            {told}{f' ({hint})' if hint else ''}")))


def print_check(check: "Check", kit: "Kit", language: Literal["en", "ko"]) -> None:
    """How many public tests passed, and which TODOs are still open."""
    words = CHECK_WORDS[language]
    console = make_console()
    submission = check.submission
    if submission.refused:
        console.print(Text(escape_control_characters(submission.refused), style="red"))
        return
    for note in (*submission.left_out, *submission.missing.values())[:10]:
        console.print(Text(f"  {words['note']}: {escape_control_characters(note)}", style="dim"))
    places = ", ".join(file.path for file in submission.files)
    counts = words["counts"].format(
        passed=check.passed, count=len(check.findings), place=escape_control_characters(places)
    )
    console.print(Text(counts, style="green" if check.is_complete else "bold"))
    if check.open_todos:
        names = ", ".join(check.open_todos)
        text = words["open"].format(count=len(check.open_todos), all=len(kit.todos), names=names)
        console.print(Text(text, style="yellow"))
    elif check.is_complete:
        console.print(Text(words["complete"]))


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
        student = escape_control_characters(report.submission.student)
        self.console.print(Text(f"[{self.done}/{self.total}] {student}: {score}, {report.status}"))


def spare_unprintable(stream: TextIO) -> None:
    """Have what a terminal cannot show (Hangul on some of Windows) written out instead of raising."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


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
