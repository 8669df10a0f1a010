"""The command line: the list of commands, and how an error becomes an exit code.

Modules that are slow to import (torch, pydantic, rich's tables) are imported inside the commands, so that help is fast.
"""

import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from grader.cli import adjust, author, check, classes, deliver, grade, insight, lti, machine, service
from grader.cli.course import CourseOption
from grader.cli.running import run_app


class GroupedCommands(TyperGroup):
    """Plain help with one section for each group of commands; rich's help would take long to import."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands under the names of their groups."""
        limit = formatter.width - 6 - max(map(len, self.commands))
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            group = str(getattr(command, "rich_help_panel", None) or "Commands")
            groups.setdefault(group, []).append((name, command.get_short_help_str(limit)))
        for group, rows in groups.items():
            with formatter.section(group):
                formatter.write_dl(rows, col_max=30)


def _make_app(**settings: Any) -> typer.Typer:
    return typer.Typer(
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, **settings
    )


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"grader {version('grader')}")
        raise typer.Exit


app = _make_app(cls=GroupedCommands)


@app.callback()
def read_options(
    course: CourseOption = None,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Grade a course lab on sequence models: hidden tests in a sandbox, every TODO marked on its own."""
    if course is not None:
        os.environ["GRADER_COURSE"] = str(course)  # as if it were set for this command


datasets = _make_app(help="List, check and download the course's texts and models.")
datasets.command("list")(author.list_datasets_command)
datasets.command("verify")(author.verify_datasets_command)
datasets.command("fetch")(author.fetch_datasets_command)

new = _make_app(help="Make a course, or an assignment in one.")
new.command("course")(author.new_course)
new.command("assignment")(author.new_assignment)

push = _make_app(help="Send scores to a learning-management system.")
push.command("canvas")(deliver.push_canvas)
push.command("lti")(deliver.push_lti)

token = _make_app(help="Create and revoke tokens of a service.")
token.command("create")(service.create_token)
token.command("revoke")(service.revoke_token)

platforms = _make_app(help="Register the service as an LTI tool of learning platforms.")
platforms.command("add")(lti.add)
platforms.command("invite")(lti.invite)
platforms.command("list")(lti.list_platforms)
platforms.command("admit")(lti.admit)
platforms.command("remove")(lti.remove)
platforms.command("rotate")(lti.rotate)

GROUPS: dict[str, dict[str, Callable[..., None] | typer.Typer]] = {
    "Students": {"check": check.check, "submit": service.submit},
    "Grading": {
        "grade": grade.grade,
        "batch": classes.batch,
        "rejudge": classes.rejudge,
        "compare": classes.compare,
        "report": grade.report_command,
        "adjust": adjust.adjust,
        "stats": insight.stats,
        "similar": insight.similar,
    },
    "Delivery": {"export": deliver.export, "push": push},
    "Service": {
        "serve": service.serve,
        "backup": service.backup,
        "restore": service.restore,
        "token": token,
        "lti": platforms,
    },
    "Authors": {
        "list": author.list_assignments,
        "release": author.release,
        "verify": author.verify,
        "bundle": author.bundle,
        "new": new,
        "datasets": datasets,
    },
    "This machine": {"doctor": machine.doctor},
}
for _group, _commands in GROUPS.items():
    for _name, _command in _commands.items():
        if isinstance(_command, typer.Typer):
            app.add_typer(_command, name=_name, rich_help_panel=_group)
        else:
            app.command(_name, rich_help_panel=_group)(_command)


def main() -> None:
    """Run a command; every error becomes one message and the right exit code."""
    run_app(app)
