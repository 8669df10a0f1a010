"""Print on a terminal what `grader check` found."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from grader.model.verdict import Language, Verdict
from grader.reporting.catalogue import translate
from grader.reporting.messages import describe_verdict, read_labels
from grader.reporting.safe_text import escape_control_characters

if TYPE_CHECKING:
    from grader.student.check import Check
    from grader.student.findings import PublicFinding
    from grader.student.kit import Kit

STYLES = {Verdict.PASSED: "green", Verdict.UNFILLED: "yellow", Verdict.GRADER_FAULT: "bold red"}


def print_public_finding(finding: "PublicFinding", language: Language, tests: Path, shown: set[str]) -> None:
    """Print one public test once it has ended: its TODO, its name, and what was expected and found.

    `tests` is the folder of the public tests. A reason that is among those `shown` before is not printed again.
    """
    verdict, hint = finding.outcome.verdict, finding.outcome.hint
    sentence = describe_verdict(verdict, language)
    is_open = verdict is Verdict.UNFILLED
    line = (
        f"  {verdict.value:<9} {finding.todo:<20} {sentence if is_open else translate(finding.name, language, tests)}"
    )
    make_console().print(Text(line, style=STYLES.get(verdict, "red")))
    if is_open or verdict is Verdict.PASSED:
        return
    text = translate(finding.outcome.message, language, tests) or sentence
    reason = f" ({translate(hint, language, tests)})" if hint else ""
    line = escape_control_characters(f"{text}{reason}")
    make_console().print(Text(f"            {read_labels(language)['check_same'] if line in shown else line}"))
    shown.add(line)


def print_check(check: "Check", kit: "Kit", language: Language) -> None:
    """Print how many public tests passed, and which TODOs are still open."""
    labels = read_labels(language)
    console = make_console()
    submission = check.submission
    if submission.refused:
        console.print(Text(escape_control_characters(translate(submission.refused, language)), style="red"))
        return
    for note in (*submission.left_out, *submission.missing.values()):
        text = f"  {labels['note']}: {translate(note, language)}"
        console.print(Text(escape_control_characters(text), style="dim"))
    places = ", ".join(file.path for file in submission.files)
    counts = labels["check_counts"].format(
        passed=check.passed, count=len(check.findings), place=escape_control_characters(places)
    )
    console.print(Text(counts, style="green" if check.is_complete else "bold"))
    if check.open_todos:
        names = ", ".join(check.open_todos)
        text = labels["check_open"].format(count=len(check.open_todos), all=len(kit.todos), names=names)
        console.print(Text(text, style="yellow"))
    elif check.is_complete:
        console.print(Text(labels["check_complete"]))


def spare_unprintable(stream: TextIO) -> None:
    """Write characters that a terminal cannot show (Hangul on some Windows) as escapes instead of raising."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def make_console() -> Console:
    """Return a console that does not wrap wide tables if the output is not a terminal."""
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=200)
