"""Write the command reference, `grader/docs/commands.md`, from the command line's own definitions.

Run by `make reference`; `make docs` and the tests run it with `--check`, which fails if the page is out of date.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from grader.cli.app import app

Parameter = TyperArgument | TyperOption

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
HEAD = """# Command reference

`make reference` writes this page from the code; do not edit it by hand. `grader COMMAND --help` prints the same on the
command line.

Exit codes: 0 done, whatever the score; 1 a fault of the grader; 2 wrong usage; 130 interrupted. `grader check` exits
with 3 while a public test fails.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page, or with `--check` fail if it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the page is out of date; write nothing")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(render_reference(), encoding="utf-8")
    elif not is_current():
        sys.exit(f"{PAGE.name} is out of date: run `make reference`, and commit the page")


def is_current() -> bool:
    """Return whether the page says what the command line says."""
    return PAGE.read_text(encoding="utf-8") == render_reference()


def render_reference() -> str:
    """Return the page as Markdown."""
    group = typer.main.get_command(app)
    if not isinstance(group, TyperGroup):
        raise TypeError("the command line has no commands")
    return "\n".join([HEAD, *_render_group(group, "grader")])


def _render_group(group: TyperGroup, path: str) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, TyperGroup):
            yield from _render_group(command, f"{path} {name}")
        elif isinstance(command, TyperCommand):
            yield from _render_command(command, f"{path} {name}")


def _render_command(command: TyperCommand, path: str) -> Iterator[str]:
    parameters = [found for found in command.params if isinstance(found, Parameter) and found.name != "help"]
    words = [path, *(_name_argument(found) for found in parameters if isinstance(found, TyperArgument)), "[OPTIONS]"]
    yield f"## {path}\n\n{(command.help or '').strip()}\n\n```\n{' '.join(words)}\n```\n"
    if parameters:
        yield "\n".join(
            ["| name | meaning | default |", "| --- | --- | --- |", *map(_render_parameter, parameters), ""]
        )


def _render_parameter(parameter: Parameter) -> str:
    options = [*parameter.opts, *parameter.secondary_opts]
    is_argument = isinstance(parameter, TyperArgument)
    name = f"`{_name_argument(parameter)}`" if is_argument else ", ".join(f"`{option}`" for option in options)
    kind = parameter.type_descriptor.annotation
    choices = [choice.value for choice in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []
    listed = "One of " + ", ".join(f"`{choice}`" for choice in choices) + "." if choices else ""
    meaning = " ".join(filter(None, [parameter.help, listed]))
    return f"| {name} | {_escape(meaning)} | {_escape(_describe_default(parameter))} |"


def _name_argument(argument: Parameter) -> str:
    name = argument.metavar or (argument.name or "").upper()
    name = f"{name}..." if argument.nargs == -1 else name
    return name if argument.required else f"[{name}]"


def _describe_default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    default = getattr(parameter.default, "value", parameter.default)
    if default is True:
        return f"`{parameter.opts[0]}`"
    return "" if default in (None, "", False) or callable(default) else f"`{default}`"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
