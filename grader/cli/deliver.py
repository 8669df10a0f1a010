"""Commands that pass grades on: `export`, `push canvas` and `push lti`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from grader.cli.options import (
    ExitCode,
    QuietOption,
    ReleasedOption,
    RosterOption,
    RunArgument,
    StudentLanguageOption,
    warn,
)
from grader.model.errors import UsageError
from grader.reporting.safe_text import escape_control_characters

if TYPE_CHECKING:
    from grader.intake.roster import Roster
    from grader.push.platform import Platform


def export(
    run: RunArgument,
    to: Annotated[str, typer.Option("--format", help="Format to write; an unknown name prints the list.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write, or folder for one file a student.")],
    roster: RosterOption = None,
    worksheet: Annotated[Optional[Path], typer.Option(help="Moodle's grading worksheet, to fill in.")] = None,  # noqa: UP045
    column: Annotated[str, typer.Option(help="Title of the assignment there, such as 'HW1 (4321)'.")] = "",
    released: ReleasedOption = False,
    lang: StudentLanguageOption = None,
) -> None:
    """Write scores and feedback as a file for another system."""
    from grader.classroom.adjust import refuse_edited_reports
    from grader.classroom.run_folder import RunFolder
    from grader.exports import ExportOptions, export_run

    options = ExportOptions(
        roster=_read_roster(roster),
        worksheet=worksheet,
        column=column,
        released=released,
        language=lang.value if lang else None,
    )
    refuse_edited_reports(RunFolder(run))
    for note in export_run(run, output, to=to, options=options):
        warn(note)
    typer.echo(f"wrote {to} to {output}")


@dataclass(frozen=True, kw_only=True)
class SharedOptions:
    """The options of every `grader push` command."""

    feedback: Annotated[bool, typer.Option("--feedback/--no-feedback", help="Send feedback with the score.")] = True
    released: ReleasedOption = False
    lang: StudentLanguageOption = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be sent; connect to nothing.")] = False
    again: Annotated[
        bool, typer.Option("--again", help="Send scores that were sent before, unless they are still there.")
    ] = False
    quiet: QuietOption = False


def takes_shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of every push. They are passed to it as one object, `shared`."""
    own = [parameter for parameter in signature(command).parameters.values() if parameter.name != "shared"]
    more = [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=field.type)
        for field in fields(SharedOptions)
    ]

    @wraps(command)
    def call(**given: Any) -> None:
        shared = SharedOptions(**{parameter.name: given.pop(parameter.name) for parameter in more})
        command(**given, shared=shared)

    # typer reads the options from here.
    call.__signature__ = signature(command).replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *more]}
    return call


@takes_shared_options
def push_canvas(
    run: RunArgument,
    url: Annotated[str, typer.Option(help="Address of Canvas, such as https://canvas.example.edu.")],
    course: Annotated[int, typer.Option("--course-id", min=1, help="Number in the address of the course.")],
    assignment: Annotated[int, typer.Option("--assignment-id", min=1, help="Number in the assignment's address.")],
    roster: RosterOption = None,
    token: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--token-file", help="File with the access token; default: the variable GRADER_CANVAS_TOKEN."),
    ] = None,
    *,
    shared: SharedOptions,
) -> None:
    """Send scores to an assignment in Canvas; run again to send changes."""
    with _explaining_extra():
        from grader.push.address import read_secret
        from grader.push.canvas import TOKEN_VARIABLE, Canvas

    secret = "" if shared.dry_run else read_secret("token of Canvas", TOKEN_VARIABLE, token)
    _push(run, Canvas(url, secret, course=course, assignment=assignment), roster, shared)


@takes_shared_options
def push_lti(
    run: RunArgument,
    token_url: Annotated[str, typer.Option(help="Address where the platform issues tokens.")],
    client_id: Annotated[str, typer.Option(help="Client id that the platform gave the tool.")],
    roster: Annotated[Path, typer.Option(help="CSV of the class with a column `lti`.")],
    lineitems: Annotated[str, typer.Option(help="Address of the course's line items; one is found or made.")] = "",
    lineitem: Annotated[str, typer.Option(help="Address of the line item itself.")] = "",
    key: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--key-file", help="File with the private key; default: the variable GRADER_LTI_KEY."),
    ] = None,
    key_id: Annotated[str, typer.Option(help="Id of the key; default: its thumbprint.")] = "",
    audience: Annotated[str, typer.Option(help="Audience of the token request; default: the token URL.")] = "",
    *,
    shared: SharedOptions,
) -> None:
    """Send scores by LTI Advantage; run again to send changes."""
    with _explaining_extra():
        from grader.push.address import read_secret
        from grader.push.lti import Lti
        from grader.push.lti_site import KEY_VARIABLE, Site

    secret = "" if shared.dry_run else read_secret("private key of the tool", KEY_VARIABLE, key)
    site = Site(token_url, client_id, lineitems=lineitems, lineitem=lineitem, key_id=key_id, audience=audience)
    _push(run, Lti(site, secret), roster, shared)


def _push(run: Path, platform: "Platform", roster: Path | None, shared: SharedOptions) -> None:
    from grader.classroom.adjust import refuse_edited_reports
    from grader.classroom.run_folder import RunFolder
    from grader.exports import ExportOptions
    from grader.push.delivery import PushOptions, push_run

    options = PushOptions(
        ExportOptions(
            roster=_read_roster(roster), released=shared.released, language=shared.lang.value if shared.lang else None
        ),
        feedback=shared.feedback,
        dry_run=shared.dry_run,
        again=shared.again,
    )
    refuse_edited_reports(RunFolder(run))

    def print_line(line: str) -> None:
        if not shared.quiet:
            typer.echo(escape_control_characters(line))

    result = push_run(run, platform, options, print_line)
    for note in [*result.left_out, *result.refused]:
        warn(note)
    if not shared.quiet and not shared.dry_run:
        typer.echo(f"sent {result.sent} scores to {platform.to}; {result.kept} were already there")
    if result.refused:
        raise typer.Exit(ExitCode.GRADER_FAULT)


def _read_roster(path: Path | None) -> "Roster":
    from grader.intake.roster import Roster, read_roster

    roster = read_roster(path) if path else Roster(())
    for warning in roster.warnings:
        warn(warning)
    return roster


@contextmanager
def _explaining_extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"grader push needs more packages ({error}): pip install 'grader[lms]'") from error
