"""Commands for the web service: `serve`, `token`, `submit`, `backup` and `restore`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass, getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from grader.cli.course import CourseOption, current_course
from grader.cli.options import (
    AssignmentOption,
    ExitCode,
    IsolationChoice,
    IsolationOption,
    JobsOption,
    LanguageOption,
    LogFormatChoice,
    choose_own_language,
    warn,
)
from grader.model.errors import UsageError
from grader.reporting.safe_text import escape_control_characters

if TYPE_CHECKING:
    from grader.server.people import People, Role
    from grader.student.hand_in import Client, Waiting

DataOption = Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder of the service.")]
DATA = Path("grader-data")
MANY = 1_000_000


def serve(
    data: DataOption = DATA,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for a free one.")] = 8000,
    store: Annotated[Optional[str], typer.Option(help="Database, such as postgresql://...; default: SQLite.")] = None,  # noqa: UP045
    dask: Annotated[Optional[str], typer.Option(help="Grade on the workers of this Dask scheduler.")] = None,  # noqa: UP045
    jobs: JobsOption = None,
    isolation: IsolationOption = IsolationChoice.BWRAP,
    log_format: Annotated[LogFormatChoice, typer.Option(help="How events are written.")] = LogFormatChoice.TEXT,
    course: CourseOption = None,
) -> None:
    """Serve the course as web pages and an API.

    Students hand in and read feedback in a browser; staff run the class. The first start prints a link that signs in
    the owner. Stop it at any time: what was acknowledged is graded after the next start.
    """
    with explaining_extra():
        from grader.classroom.worker_count import choose_worker_count
        from grader.server.service import open_service
        from grader.server.serving import serve as serve_until_stopped
        from grader.server.settings import DataFolder
        from grader.server.workshop import GradingOptions

    chosen = current_course(course)
    names = chosen.list_assignments()
    if not names:
        raise UsageError(f"{str(chosen.root)!r} has no assignment")
    workers = jobs or choose_worker_count(MANY, chosen.load_assignment(names[0]))
    options = GradingOptions(workers, isolation.value, dask, store)
    with open_service(chosen, DataFolder(data.resolve()), options) as service:
        is_json = log_format is LogFormatChoice.JSON
        serve_until_stopped(service, host=host, port=port, on_line=typer.echo, is_log_json=is_json)


def create_token(
    data: DataOption = DATA,
    student: Annotated[str, typer.Option(help="Id of a student, who is added where they are new.")] = "",
    staff: Annotated[str, typer.Option(help="Name of a member of staff, who is added where they are new.")] = "",
    everyone: Annotated[Path | None, typer.Option("--all", help="CSV of the class: a token for each.")] = None,  # noqa: UP045
    role: Annotated[str, typer.Option(help="Role of a new member of staff: owner, staff or grader.")] = "staff",
    link: Annotated[str, typer.Option(help="Address of the service: print a sign-in link, valid once.")] = "",
) -> None:
    """Create a token to sign in with; it is printed alone on the last line."""
    with explaining_extra():
        from grader.server.people import Role

    if sum(map(bool, (student, staff, everyone))) != 1:
        raise UsageError("choose exactly one of --student, --staff and --all")
    if role not in (Role.OWNER, Role.STAFF, Role.GRADER):
        raise UsageError(f"no role {role!r}: choose owner, staff or grader")
    with open_people(data) as people:
        if everyone is None:
            typer.echo(_issue(people, student or staff, Role.STUDENT if student else Role(role), link=link))
            return
        from grader.intake.roster import read_roster
        from grader.reporting.safe_text import format_table

        class_list = [person for person in read_roster(everyone).students if not person.is_test]
        rows = [(each.id, _issue(people, each.id, Role.STUDENT, name=each.name, link=link)) for each in class_list]
        sys.stdout.write(format_table([("student", "link" if link else "token"), *rows]))


def revoke_token(
    name: Annotated[str, typer.Argument(help="Id of the student, or name of the member of staff.")],
    data: DataOption = DATA,
) -> None:
    """Make every token, link and session of a person void."""
    with explaining_extra():
        from grader.server.audit import note_alone

    with open_people(data) as people:
        person = people.find(name)
        if person is None:
            raise UsageError(f"no person {name!r} in {str(data)!r}")
        people.revoke_tokens(person)
        note_alone(people.store, getuser(), "revoke tokens", person.name)


def submit(
    files: Annotated[list[Path], typer.Argument(help="The files to hand in.")],
    assignment: AssignmentOption,
    server: Annotated[str, typer.Option(help="Address of the service, such as https://lab.example.edu.")],
    token: Annotated[str, typer.Option(help="Your token; kept for the next time. Default: GRADER_TOKEN.")] = "",
    lang: LanguageOption = None,
) -> None:
    """Hand in to a service, wait, and print the feedback."""
    from grader.student.hand_in import check_server, is_private

    address = check_server(server)
    if not is_private(address):
        warn(f"{address} is not encrypted: others on the network can read your token")
    client = _sign_in(address, token)
    submission = client.hand_in(files, assignment)
    typer.echo(f"stored as {escape_control_characters(submission)}", err=True)
    reply = client.wait(submission, _print_waiting)
    from grader.model.report import GradeReport
    from grader.reporting.console import spare_unprintable
    from grader.reporting.terminal import print_report

    spare_unprintable(sys.stdout)
    if reply.get("report") is not None:
        print_report(GradeReport.model_validate(reply["report"]), choose_own_language(lang))
    if reply["status"] == "fault":
        warn("not graded, the grader failed: your teachers can see this; nothing is lost")
        raise typer.Exit(ExitCode.GRADER_FAULT)


def backup(
    data: Annotated[Path, typer.Argument(help="Folder of the service, which may be running.")],
    file: Annotated[Path, typer.Argument(help="The .tar.gz to write.")],
) -> None:
    """Back up a service: uploads, grades, people."""
    with explaining_extra():
        from grader.server.backup import back_up
        from grader.server.settings import DataFolder

    folder = DataFolder(data.resolve())
    count = back_up(folder, file)
    typer.echo(f"wrote {count} files to {file}")
    if folder.read_site().store:
        warn("the database is not in this folder: back it up at the same time, with pg_dump")


def restore(
    file: Annotated[Path, typer.Argument(help="The .tar.gz that `grader backup` wrote.")],
    data: Annotated[Path, typer.Argument(help="Folder to make; it must not be there, or be empty.")],
) -> None:
    """Restore a service from a backup."""
    with explaining_extra():
        from grader.server.backup import restore as unpack
        from grader.server.settings import DataFolder

    count = unpack(file, DataFolder(data.resolve()))
    typer.echo(f"restored {count} files to {data}: start it with `grader serve --data {data}`")


def _issue(people: "People", student: str, role: "Role", *, name: str = "", link: str = "") -> str:
    """Return a new token for a person, or a sign-in link to the service at `link`."""
    from grader.server.audit import note_alone

    person = people.add(student, role, name)
    note_alone(people.store, getuser(), "create link" if link else "create token", person.name)
    return f"{link.rstrip('/')}/sign-in/{people.create_link(person)}" if link else people.create_token(person)


def _sign_in(address: str, token: str) -> "Client":
    """Return a client with a token that the service accepts, and keep that token."""
    from grader.student.hand_in import TOKEN_VARIABLE, Client, keep_token, read_token

    given = token or os.environ.get(TOKEN_VARIABLE, "")
    known = read_token(address)
    if not given and not known:
        if not sys.stdin.isatty():
            raise UsageError(f"no token for {address} yet: pass --token once, or set {TOKEN_VARIABLE}")
        given = getpass(f"Token for {address}: ").strip()
    client = Client(address, given or known or "")
    client.check_token()
    if given and given != known:
        keep_token(address, given)
    return client


def _print_waiting(now: "Waiting") -> None:
    ahead = f", {now.ahead} ahead" if now.ahead is not None else ""
    seconds = f", about {now.seconds:.0f} seconds" if now.seconds is not None else ""
    typer.echo(f"{now.status}{ahead}{seconds} ...", err=True)


@contextmanager
def open_people(data: Path) -> "Iterator[People]":
    """Give everyone with an account in a service, which may be running. Raises UsageError."""
    with explaining_extra():
        from grader.server.people import People
        from grader.server.settings import DataFolder
        from grader.server.store import open_store

    folder = DataFolder(data.resolve())
    store = open_store(folder, folder.read_site())
    try:
        yield People(store)
    finally:
        store.close()


@contextmanager
def explaining_extra() -> Iterator[None]:
    """Turn a missing package into a sentence that says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"the service needs more packages ({error}): pip install 'grader[server]'") from error
