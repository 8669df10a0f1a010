"""Fixtures of both platforms: a test that asks for `platform` runs against each of them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.tests.support.export_samples import write_run
from grader.tests.support.push_server import FakePlatform, run_push

pytest.importorskip("pylti1p3", reason="needs the packages of 'grader[lms]'")

from grader.tests.support.fake_canvas import FakeCanvas  # noqa: E402
from grader.tests.support.fake_lti import FakeLti  # noqa: E402

PLATFORMS: dict[str, type[FakePlatform]] = {"canvas": FakeCanvas, "lti": FakeLti}


@pytest.fixture(params=PLATFORMS)
def kind(request: pytest.FixtureRequest) -> str:
    """Name of the platform; a module for one platform overrides this fixture."""
    return str(request.param)


@pytest.fixture
def platform(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePlatform]:
    """A platform that is well, with its secret where the command looks for it."""
    found = PLATFORMS[kind](tmp_path)
    found.store_secret(monkeypatch)
    with found.listen():
        yield found
    assert getattr(found, "trouble", "") == "", "a request broke the specification"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of four students: S003 has no id there, and the report of S004 is a grader fault."""
    return write_run(tmp_path / "run")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of every wait, none of which happens."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


@pytest.fixture
def push(monkeypatch: pytest.MonkeyPatch, platform: FakePlatform, run: Path) -> Callable[..., int]:
    """Run `grader push`; `options` are those of the address, `roster` another file."""

    def call(*more: object, options: list[object] | None = None, roster: Path | None = None) -> int:
        where = platform.list_options() if options is None else options
        known = roster or platform.roster_file
        return run_push(monkeypatch, platform.command, run, *where, "--roster", known, *more)

    return call
