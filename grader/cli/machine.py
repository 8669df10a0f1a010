"""The command for this machine: `doctor`."""

import typer

from grader.cli.options import ExitCode


def doctor() -> None:
    """Show what this machine offers: isolation, devices, versions."""
    from grader.tools.doctor import print_machine_findings

    raise typer.Exit(ExitCode.GRADED if print_machine_findings() else ExitCode.GRADER_FAULT)
