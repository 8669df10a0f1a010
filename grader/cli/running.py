"""Run a command line: every error becomes one message and the right exit code."""

import sys

import typer

from grader.cli.options import ExitCode, warn
from grader.model.errors import GraderError, UsageError


def run_app(app: typer.Typer) -> None:
    """Run a command, and exit."""
    try:
        app()
    except GraderError as error:
        warn(str(error))
        sys.exit(ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.GRADER_FAULT)
    except (FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        warn(f"{error.strerror} ({str(error.filename)!r}): choose another path, or change its permissions")
        sys.exit(ExitCode.USAGE)
