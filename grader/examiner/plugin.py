"""The pytest plugin of hidden and public tests: options, marks and fixtures.

Registered as a pytest plugin by the package; loaded by `examiner.suite` for a class, and by `pytest tests_hidden/<a>
--submission PATH` for a test author. Imports torch only once a fixture is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import inspect
    from collections.abc import Iterator
    from types import ModuleType

    from grader.examiner.draw import Draw
    from grader.examiner.proxy import StudentProxy, SubmissionSession
    from grader.model.assignment import Assignment

CATEGORIES = ("shape", "parity", "gpu", "behaviour", "policy")
MARKS = (
    "todo(id, points): the TODO that a test judges, and what it is worth",
    "visibility(level): visible, after_due (default) or hidden",
    "gate: where this test shows nothing of the right answer, no other test of its TODO counts",
    *(f"{category}: what kind of test this is" for category in CATEGORIES),
)


@dataclass
class Examination:
    """Who is examined, on what; `subject` changes from one submission to the next."""

    assignment: Assignment
    secret: bytes
    subject: SubmissionSession | None = None
    device: str = "cpu"
    modules: dict[str, ModuleType] = field(default_factory=dict)
    round: int = 0  # of a gate, which is run on other inputs each time

    def begin(self, item: pytest.Item) -> SubmissionSession:
        """Start one test of the submission under examination, with every generator seeded."""
        import torch

        if self.subject is None:
            raise pytest.UsageError("no submission to examine: pass --submission PATH")
        # Not torch.manual_seed: it also keeps a stack trace for each device that is not there.
        torch.default_generator.manual_seed(self.derive_seed(item, "examiner"))
        # A submission can read its own generator's seed: no hidden input may come from the same one.
        self.subject.begin(find_todo_id(item), self.derive_seed(item, "submission"))
        return self.subject

    def derive_seed(self, item: pytest.Item, purpose: str) -> int:
        """Return the seed of a test for the submission under examination."""
        from grader.model.seeds import derive_seed

        identity = self.subject.submission.id if self.subject else ""
        if self.round:
            purpose = f"{purpose}, round {self.round}"
        return derive_seed(self.secret, identity, make_test_id(item), purpose=purpose)

    def load_reference(self) -> ModuleType:
        """The solution as a module, imported once."""
        if "reference" not in self.modules:
            self.modules["reference"] = import_solution(self.assignment)
        return self.modules["reference"]

    def load_signatures(self) -> dict[str, inspect.Signature]:
        """How the reference's functions, classes and methods are called."""
        from grader.examiner.explain import read_signatures

        return read_signatures(self.load_reference())


EXAMINATION = pytest.StashKey[Examination]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--submission` for running a suite by hand."""
    group = parser.getgroup("grader")
    group.addoption("--submission", type=Path, help="the submission to judge: .py, .ipynb, directory or archive")
    group.addoption("--in-process", action="store_true", help="no jail: only for code that you trust, to debug it")
    group.addoption("--device", default=None, help="for gpu tests: auto (default), cpu, cuda or virtual")
    group.addoption("--isolation", default=None, help="bwrap (default), setuid or none")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    for mark in MARKS:
        config.addinivalue_line("markers", mark)


def pytest_sessionstart(session: pytest.Session) -> None:
    """By hand: start a jail for the one submission named on the command line."""
    path = session.config.getoption("--submission")
    if path is not None:
        from grader.examiner.manual_run import open_manual_run

        session.config.stash[EXAMINATION] = open_manual_run(session.config, path)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """By hand: end the jail."""
    if session.config.getoption("--submission", None) is not None:
        from grader.examiner.manual_run import close_manual_run

        close_manual_run(session.config.stash[EXAMINATION])


@pytest.fixture
def _subject(request: pytest.FixtureRequest) -> Iterator[SubmissionSession]:
    subject = _get_examination(request).begin(request.node)
    yield subject
    subject.settle()


@pytest.fixture
def student(_subject: SubmissionSession) -> StudentProxy:
    """The submission's module, in the jail."""
    from grader.examiner.proxy import StudentProxy

    return StudentProxy(_subject)


@pytest.fixture
def poisoned(_subject: SubmissionSession) -> StudentProxy:
    """The submission, loaded among a notebook's leftover globals."""
    from grader.examiner.proxy import make_poisoned

    return make_poisoned(_subject)


@pytest.fixture
def reference(request: pytest.FixtureRequest) -> ModuleType:
    """The solution module, in the examiner."""
    return _get_examination(request).load_reference()


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> Draw:
    """Inputs from the secret seed of this test for this submission."""
    from grader.examiner.draw import Draw

    return Draw(_get_examination(request).derive_seed(request.node, "draw"))


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """The device that GPU-run tests use."""
    return _get_examination(request).device


def find_todo_id(item: pytest.Item) -> str:
    """The TODO of a test. Raises BrokenSuite where it is not marked exactly once."""
    from grader.model.errors import BrokenSuite

    marks = list(item.iter_markers("todo"))
    if len(marks) != 1 or len(marks[0].args) != 1:
        raise BrokenSuite(f"{item.nodeid}: mark it once with @pytest.mark.todo('<id>', points=N)")
    return str(marks[0].args[0])


def make_test_id(item: pytest.Item) -> str:
    """A test's name within its suite: `test_parity.py::test_x[case]`."""
    return f"{item.path.name}::{item.name}"


def import_solution(assignment: Assignment) -> ModuleType:
    """The solution's definitions as a module. Raises BrokenSuite where there are none."""
    import sys
    from types import ModuleType

    from grader.intake import read_submission
    from grader.model.errors import BrokenSuite

    solution = read_submission(assignment.solution, module=assignment.module)
    if solution.refused:
        raise BrokenSuite(f"{assignment.solution}: {solution.refused}")
    module = ModuleType(f"reference_{assignment.name}")
    sys.modules[module.__name__] = module
    try:
        exec(compile(solution.source, assignment.solution, "exec", dont_inherit=True), module.__dict__)
    except Exception as error:  # noqa: BLE001 - whatever a solution raises makes the suite unusable, and nothing else
        raise BrokenSuite(f"{assignment.solution}: {type(error).__name__}: {error}") from error
    return module


def _get_examination(request: pytest.FixtureRequest) -> Examination:
    examination = request.config.stash.get(EXAMINATION, None)
    if examination is None:
        raise pytest.UsageError("this test judges a submission: pass --submission PATH")
    return examination
