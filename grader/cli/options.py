"""Exit codes, choices and options that several commands share, and the way commands print a warning."""

import os
import sys
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Optional, TextIO

import typer

from grader.model.languages import choose_language
from grader.model.verdict import Language
from grader.reporting.safe_text import escape_control_characters

MOST_ON_TERMINAL = 600


class ExitCode(IntEnum):
    """The exit codes of all commands."""

    GRADED = 0
    GRADER_FAULT = 1
    USAGE = 2
    INCOMPLETE = 3  # `grader check`: a public test fails, or a TODO is still open
    INTERRUPTED = 130


class IsolationChoice(StrEnum):
    """The ways to separate a submission from this machine."""

    BWRAP = "bwrap"
    SETUID = "setuid"
    AUTO = "auto"  # bwrap, or setuid where namespaces are not available
    NONE = "none"


class DeviceChoice(StrEnum):
    """The device that runs GPU tests."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    VIRTUAL = "virtual"


class LogFormatChoice(StrEnum):
    """The ways to write the events of a service."""

    TEXT = "text"
    JSON = "json"


class LanguageChoice(StrEnum):
    """The language of what students read."""

    EN = "en"
    KO = "ko"


AssignmentOption = Annotated[
    str, typer.Option("--assignment", "-a", help="Name of the assignment; `grader list` shows all.")
]
OptionalAssignment = Annotated[
    Optional[str],  # noqa: UP045 - typer reads it
    typer.Option("--assignment", "-a", help="Only this assignment; default: all of the course."),
]
IsolationOption = Annotated[IsolationChoice, typer.Option(help="How to separate submissions from this machine.")]
DeviceOption = Annotated[
    DeviceChoice, typer.Option(help="Device that runs GPU tests; auto: CUDA if there is a GPU, else virtual.")
]
JobsOption = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--jobs", min=1, help="Number of workers; default: one per core, fewer if memory is short."),
]
LanguageOption = Annotated[
    Optional[LanguageChoice],  # noqa: UP045
    typer.Option("--lang", help="Language of messages for students; default: that of this system, else English."),
]
StudentLanguageOption = Annotated[
    Optional[LanguageChoice],  # noqa: UP045
    typer.Option("--lang", help="Language of messages; default: each student's by the roster, else English."),
]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")]
ReleasedOption = Annotated[bool, typer.Option("--released", help="Show `after_due` tests: the due date has passed.")]
RosterOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(help="CSV of the class, or the list exported by the learning-management system."),
]
RunArgument = Annotated[Path, typer.Argument(help="Folder written by `grader batch`.")]


def choose_own_language(lang: LanguageChoice | None) -> Language:
    """Return the language of the person at the terminal: the option, else what LC_ALL, LC_MESSAGES or LANG names."""
    return choose_language(lang or "", environment=os.environ)


def warn(message: str) -> None:
    """Print a message on the error stream, safe for a terminal: it may quote what a student wrote."""
    typer.echo(f"grader: {fit(message, sys.stderr)}", err=True)


def fit(message: str, stream: TextIO) -> str:
    """Return a message for a stream: shortened where a person reads it on a terminal, whole in a file."""
    text = escape_control_characters(message)
    if len(text) <= MOST_ON_TERMINAL or not stream.isatty():
        return text
    return f"{text[:MOST_ON_TERMINAL]}… (write the output to a file to see all)"
