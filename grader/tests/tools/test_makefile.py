"""The steps of continuous integration, and their order."""

import re
import subprocess
from pathlib import Path

import grader

ROOT = Path(grader.__file__).parents[1]
CHECKS = ("ruff check", "ruff format --check", "mypy", "grader release --check")


def list_commands(target: str) -> list[str]:
    """Return the commands that make would run for a target, without running them."""
    command = ["make", "--no-print-directory", "--always-make", "--dry-run", target]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return run.stdout.splitlines()


def find_line(commands: list[str], part: str) -> int:
    """Return the place of the only command that contains a text."""
    (place,) = [
        place for place, command in enumerate(commands) if re.search(rf"bin/(\S+ -m )?{re.escape(part)}", command)
    ]
    return place


def test_fast_checks_run_before_the_tests_and_only_once() -> None:
    """A type error, or a file out of step with its solution, fails before any test starts."""
    commands = list_commands("test")
    places = [find_line(commands, part) for part in (*CHECKS, "pytest", "grader verify --quick")]
    assert places == sorted(places)


def list_runs(script: str) -> list[str]:
    """Return what a script of continuous integration runs without a condition."""
    lines = (ROOT / ".ci" / script).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(("exec", "make"))]


def test_continuous_integration_runs_targets_of_make() -> None:
    """It has no commands of its own that could differ from those of a contributor."""
    assert list_runs("run") == ["make test", "exec sh .ci/browser"]
    [browser] = list_runs("browser")
    assert browser.startswith("exec make test-browser ")


def test_every_target_is_explained() -> None:
    """`make` without a target lists all of them; CONTRIBUTING.md has the checks."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    assert {target for target in phony.split() if f"make {target} " not in shown} == set()
