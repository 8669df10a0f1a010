"""The command reference says what the command line says."""

from pathlib import Path

import pytest

from grader.cli import command_reference
from grader.cli.app import app
from grader.cli.command_reference import PAGE, main, render_reference


def test_page_is_current() -> None:
    """After a change of the command line, `make reference` writes the page again."""
    assert PAGE.read_text(encoding="utf-8") == render_reference(), "out of date: run `make reference`"


def test_reference_has_every_command_and_option() -> None:
    """Commands of groups too, with choices and defaults."""
    page = render_reference()
    names = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    assert [name for name in names if f"## grader {name.replace('_command', '')}\n" not in page] == []
    assert "## grader push canvas\n" in page
    assert "| `--dry-run` |" in page
    assert "One of `auto`, `cpu`, `cuda`, `virtual`. | `auto` |" in page


def test_check_fails_if_the_page_is_out_of_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to run; without `--check` the page is written."""
    page = tmp_path / "commands.md"
    page.write_text("old", encoding="utf-8")
    monkeypatch.setattr(command_reference, "PAGE", page)
    with pytest.raises(SystemExit, match="run `make reference`"):
        main(["--check"])
    assert page.read_text(encoding="utf-8") == "old"
    main([])
    main(["--check"])
