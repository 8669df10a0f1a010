"""The pytest plugin of hidden and public tests: options, marks and fixtures.

The package registers it with pytest; kits that students already have name it as well, so it must stay at this path.
Imports torch only when a fixture is asked for.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.examiner.examination import EXAMINATION, Examination
from grader.model.marks import DESCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager
    from types import ModuleType

    from grader.examiner.draw import Draw
    from grader.examiner.proxy import StudentProxy
    from grader.examiner.session import SubmissionSession
    from grader.examiner.student_files import StudentFiles


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--submission` for running a suite by hand."""
    group = parser.getgroup("grader")
    group.addoption("--submission", type=Path, help="the submission to judge: .py, .ipynb, directory or archive")
    group.addoption("--in-process", action="store_true", help="no jail: only for code that you trust, to debug it")
    group.addoption("--device", default=None, help="for gpu tests: auto (default), cpu, cuda or virtual")
    group.addoption("--isolation", default=None, help="bwrap (default), setuid or none")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    for description in DESCRIPTIONS:
        config.addinivalue_line("markers", description)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start a jail if a submission is named on the command line."""
    path = session.config.getoption("--submission")
    if path is not None:
        from grader.examiner.manual_run import open_manual_run

        session.config.stash[EXAMINATION] = open_manual_run(session.config, path)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the jail if this run started one."""
    if session.config.getoption("--submission", None) is not None:
        from grader.examiner.manual_run import close_manual_run

        close_manual_run(session.config.stash[EXAMINATION])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, object, object]:
    """Show an author who runs tests by hand the submission's call and both values."""
    if call.excinfo is None or item.config.getoption("--submission", None) is None:
        return (yield)
    report = yield
    from grader.examiner.failure_display import describe_failure

    session = item.config.stash[EXAMINATION].session
    lines = "\n".join(describe_failure(call.excinfo.value, session.last_call))
    if lines and isinstance(report, pytest.TestReport):
        report.sections.append(("the submission", lines))
    return report


@pytest.fixture
def _session(request: pytest.FixtureRequest) -> Iterator[SubmissionSession]:
    session = _get_examination(request).begin(request.node)
    yield session
    session.settle()


@pytest.fixture
def student(_session: SubmissionSession) -> StudentProxy:
    """Return the submission's module, in the jail."""
    from grader.examiner.proxy import StudentProxy

    return StudentProxy(_session)


@pytest.fixture
def poisoned(_session: SubmissionSession) -> StudentProxy:
    """Return the submission's module, loaded among a notebook's leftover globals."""
    from grader.examiner.proxy import StudentProxy

    return StudentProxy(_session, poisoned=True)


@pytest.fixture
def student_raises(_session: SubmissionSession) -> Callable[..., AbstractContextManager[None]]:
    """Return a context that the submission must leave by an exception: `with student_raises(ValueError):`."""
    from grader.examiner.expected_errors import expect_exception

    return partial(expect_exception, _session)


@pytest.fixture
def files(_session: SubmissionSession) -> StudentFiles:
    """Return a folder beside the submission, for small files."""
    from grader.examiner.student_files import StudentFiles

    return StudentFiles(_session)


@pytest.fixture
def reference(request: pytest.FixtureRequest) -> ModuleType:
    """Return the solution module, in the examiner."""
    return _get_examination(request).load_reference()


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> Draw:
    """Return a source of inputs, from the secret seed of this test for this submission."""
    from grader.examiner.draw import Draw

    return Draw(_get_examination(request).derive_seed(request.node, "draw"))


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """Return the device that GPU-run tests use."""
    return _get_examination(request).device


def _get_examination(request: pytest.FixtureRequest) -> Examination:
    examination = request.config.stash.get(EXAMINATION, None)
    if examination is None:
        raise pytest.UsageError("this test judges a submission: pass --submission PATH")
    return examination
