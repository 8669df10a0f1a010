"""The command `check`, and the program of the students' kit, which has no other command."""

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from grader.cli.options import ExitCode, LanguageOption, OptionalAssignment, choose_own_language
from grader.cli.running import run_app
from grader.model.errors import UsageError


def check(
    path: Annotated[Optional[Path], typer.Argument(help="Your .py or .ipynb; default: the one in the kit.")] = None,  # noqa: UP045
    assignment: OptionalAssignment = None,
    lang: LanguageOption = None,
    html: Annotated[Optional[Path], typer.Option("--html", help="Write a page with pictures of what differs.")] = None,  # noqa: UP045
) -> None:
    """Run the public tests on your own code, on any system."""
    from grader.intake.submissions import find_path
    from grader.student.kit import find_kit

    language = choose_own_language(lang)
    place = find_path(path) if path else Path.cwd()  # report a mistyped path before the slow import of torch
    kit = find_kit(place, assignment)
    from grader.reporting.console import print_check, print_public_finding, spare_unprintable

    spare_unprintable(sys.stdout)
    if kit.uses_torch and sys.stderr.isatty():
        typer.echo("loading torch ...", err=True)
    try:
        from grader.student.check import check_submission

        where = place if path else kit.folder
        shown: set[str] = set()
        done = check_submission(
            where, kit, lambda found: print_public_finding(found, language, kit.public_tests, shown)
        )
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    print_check(done, kit, language)
    if html is not None:
        from grader.reporting.check_page import render_check

        try:
            html.write_text(render_check(done, kit, language), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{str(html)!r} cannot be written ({error.strerror}): choose another place") from error
    if not done.is_complete:
        raise typer.Exit(ExitCode.INCOMPLETE)


def main() -> None:
    """Run the only command of the kit's program."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command("check")(check)
    app.callback()(_explain)  # so that the command keeps its name although it is alone
    run_app(app)


def _explain() -> None:
    """Check your own code with the public tests of an assignment."""
