"""Commands in the guides can be typed as they stand: each exists, with these options and arguments."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

import grader
from grader.cli.app import app

DOCS = Path(grader.__file__).parent / "docs"
PAGES = [page for page in sorted(DOCS.glob("*.md")) if page.name != "commands.md"]
# Of programs that an administrator has.
OTHERS = {"curl", "df", "du", "journalctl", "systemctl"}


def list_lines(page: Path) -> Iterator[str]:
    """Return the lines of a page's code blocks that have no language, without what is explained beside them."""
    for block in re.findall(r"^```\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            yield re.split(r"\s{3,}", line.strip())[0]


def parse(line: str) -> None:
    """Read a command as the command line does, and run nothing. Raises a usage error."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    words = shlex.split(line)[1:]
    command = group.commands[words.pop(0)]
    if isinstance(command, TyperGroup):
        command = command.commands[words.pop(0)]
    assert isinstance(command, TyperCommand)
    command.make_context(command.name, words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_can_be_parsed(page: Path) -> None:
    """An option that was renamed would leave a guide behind."""
    for line in list_lines(page):
        if line.startswith("grader ") and "..." not in line:
            parse(line)


def test_runbook_uses_no_program_that_is_not_named() -> None:
    """On a bad day there is no time to find one."""
    programs = {line.split()[0] for line in list_lines(DOCS / "runbook.md")}
    assert {program for program in programs if program not in OTHERS | {"grader", "/srv/venv/bin/pip"}} == set()
    assert sum(line.startswith("grader ") for line in list_lines(DOCS / "runbook.md")) > 20
