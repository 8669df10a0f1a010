"""Commands for the learning platforms of a service: `grader lti ...`."""

from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.service import DATA, DataOption, explaining_extra, open_people
from grader.model.errors import UsageError
from grader.reporting.safe_text import escape_control_characters

if TYPE_CHECKING:
    from grader.server.lti.platforms import LtiPlatform, Platforms

NumberArgument = Annotated[int, typer.Argument(help="Number of the platform, as `grader lti list` prints it.")]


def add(
    issuer: Annotated[str, typer.Option(help="Issuer (platform id), such as https://moodle.example.edu.")],
    client_id: Annotated[str, typer.Option(help="Client id that the platform gave the tool.")],
    auth_url: Annotated[str, typer.Option(help="Address of the platform's authentication requests.")],
    token_url: Annotated[str, typer.Option(help="Address where the platform issues tokens.")],
    jwks_url: Annotated[str, typer.Option(help="Address of the platform's public key set.")],
    audience: Annotated[str, typer.Option(help="Audience of the token request; default: the token URL.")] = "",
    data: DataOption = DATA,
) -> None:
    """Register a platform by hand."""
    with _open_platforms(data) as platforms:
        found = platforms.add(
            getuser(),
            issuer=issuer,
            client_id=client_id,
            auth_url=auth_url,
            token_url=token_url,
            jwks_url=jwks_url,
            audience=audience,
        )
        typer.echo(f"platform {found.id}: open the lab from the course as its teacher, which admits the course")


def invite(
    link: Annotated[str, typer.Option(help="Address of the service, such as https://lab.example.edu.")],
    data: DataOption = DATA,
) -> None:
    """Print the address for dynamic registration, valid once within a day; paste it into the platform."""
    with explaining_extra():
        from grader.server.audit import note_alone
        from grader.server.people import DAY, Role
        from grader.server.routes.lti import REGISTRATION

    with open_people(data) as people:
        owners = people.list_all(Role.OWNER)
        if not owners:
            raise UsageError(f"{str(data)!r} has no owner yet: start `grader serve --data {data}` once")
        note_alone(people.store, getuser(), "invite platform", owners[0].name)
        typer.echo(f"{link.rstrip('/')}/lti/register/{people.create_link(owners[0], REGISTRATION, DAY)}")


def list_platforms(data: DataOption = DATA) -> None:
    """List the platforms and their courses."""
    from grader.reporting.safe_text import format_table

    with _open_platforms(data) as platforms:
        rows = [("number", "issuer", "client id", "deployment", "course", "title")]
        for each in platforms.list_all():
            own = (str(each.id), each.issuer, each.client_id)
            courses = platforms.list_courses(each)
            rows += [(*own, course.deployment, course.context, course.title) for course in courses]
            rows += [] if courses else [(*own, "", "", "")]
        typer.echo(format_table(rows), nl=False)


def admit(
    number: NumberArgument,
    deployment: Annotated[str, typer.Option(help="Deployment id, as the refused launch names it.")],
    context: Annotated[str, typer.Option(help="Id of the course there, as the refused launch names it.")],
    data: DataOption = DATA,
) -> None:
    """Admit another course of a platform: its teachers become staff, its learners students."""
    with explaining_extra():
        from grader.server.lti.platforms import LtiCourse

    with _open_platforms(data) as platforms:
        found = _find(platforms, number)
        platforms.admit(getuser(), LtiCourse(found.id, deployment, context))


def remove(number: NumberArgument, data: DataOption = DATA) -> None:
    """Remove a platform; people, work and grades stay."""
    with _open_platforms(data) as platforms:
        found = _find(platforms, number)
        platforms.remove(getuser(), found)
        typer.echo(f"removed {escape_control_characters(found.issuer)}")


def rotate(data: DataOption = DATA) -> None:
    """Make a new key pair. It is published at once, and signs after an hour."""
    with explaining_extra():
        from grader.server.lti.keys import ToolKeys
        from grader.server.settings import DataFolder

    folder = DataFolder(data.resolve())
    folder.read_site()
    folder.create()
    typer.echo(ToolKeys(folder.keys).add().id)


def _find(platforms: "Platforms", number: int) -> "LtiPlatform":
    found = platforms.find(number)
    if found is None:
        raise UsageError(f"no platform {number}: `grader lti list` prints the numbers")
    return found


@contextmanager
def _open_platforms(data: Path) -> "Iterator[Platforms]":
    with explaining_extra():
        from grader.server.lti.platforms import Platforms

    with open_people(data) as people:
        yield Platforms(people.store)
