"""`grader check`: a student's own check with the public tests, run in a process of their own.

A test that never ends takes its process with it, and the rest go on in a fresh one. This process imports no torch.
"""

import ast
import importlib
import multiprocessing
import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

from grader.examiner.explain import describe_place
from grader.examiner.regions import list_shared_todos
from grader.examiner.stubs import list_stubs
from grader.intake import read_submission
from grader.model.errors import GraderError, GraderFault
from grader.model.submission import Submission
from grader.model.verdict import Outcome, Verdict
from grader.student.findings import AllTestsEnded, PublicFinding, RunningTest
from grader.student.kit import Kit, open_kit

if TYPE_CHECKING:
    import pytest

# For loading the submission, which may import a large library, and for one public test, which takes far less.
LOAD_SECONDS = 120.0
TEST_SECONDS = 20.0
# The way to start a process that every system has.
CONTEXT: multiprocessing.context.BaseContext = multiprocessing.get_context("spawn")
POLL_SECONDS = 0.1
# A frame as faulthandler writes it; the submission's own file is `<module>`.
_FRAME = r'File "<{}>", line (\d+) in (\S+)'


@dataclass(frozen=True)
class Check:
    """A checked submission, and how each test ended; no test runs on a submission that is refused."""

    submission: Submission
    findings: tuple[PublicFinding, ...]
    open_todos: tuple[str, ...]

    @property
    def passed(self) -> int:
        """Return how many tests passed."""
        return sum(finding.outcome.verdict is Verdict.PASSED for finding in self.findings)

    @property
    def is_complete(self) -> bool:
        """Return whether every test passed that this machine can run, and no TODO is left open."""
        fine = (Verdict.PASSED, Verdict.PENDING)
        done = all(finding.outcome.verdict in fine for finding in self.findings)
        return bool(self.findings) and done and not self.open_todos


def check_submission(path: Path, kit: Kit, on_finding: Callable[[PublicFinding], None] = lambda finding: None) -> Check:
    """Run the public tests. Raises SubmissionNotFound, and UsageError if the tests cannot be loaded."""
    submission = read_submission(path, module=kit.module, defines=kit.defines)
    if submission.refused:
        return Check(submission, (), ())
    findings = []
    for finding in _run_tests(submission, kit):
        on_finding(finding)
        findings.append(finding)
    unfilled = {finding.todo for finding in findings if finding.outcome.verdict is Verdict.UNFILLED}
    still_open = unfilled | {stub.todo for stub in list_stubs(ast.parse(submission.source))}
    return Check(submission, tuple(findings), tuple(todo.id for todo in kit.todos if todo.id in still_open))


def open_examination(config: "pytest.Config", folder: Path) -> None:
    """Let plain `pytest` judge what lies in a kit's folder. Raises pytest.UsageError if it cannot be read."""
    import pytest

    from grader.examiner.examination import EXAMINATION
    from grader.student.public_tests import examine

    kit = open_kit(folder)
    submission = read_submission(folder, module=kit.module, defines=kit.defines)
    if submission.refused:
        raise pytest.UsageError(submission.refused)
    config.stash[EXAMINATION] = examine(submission, kit)


def _run_tests(submission: Submission, kit: Kit) -> Iterator[PublicFinding]:
    judged: set[str] = set()
    overran: set[str] = set()
    # The order of sets, for the children: the grader's own.
    os.environ["PYTHONHASHSEED"] = "0"
    shared = {todo.id for todo in list_shared_todos(kit.todos, kit.read_reference())}
    with _note_interrupts() as interrupted:
        while True:
            child = _Child(submission, kit, frozenset(judged), frozenset(overran), interrupted)
            try:
                yield from child.run()
                test = child.running
                if test is None:
                    return
                judged |= child.ended
                end = child.explain_end(test)
                if end.verdict is Verdict.TIMED_OUT and test.todo in shared - overran:
                    overran.add(test.todo)  # once more, since the loop may be that of another TODO in its function
                    continue
                judged.add(test.id)
                yield PublicFinding(test.todo, test.name, end)
            finally:
                child.kill()


@contextmanager
def _note_interrupts() -> Iterator[Event]:
    """Give an event that Ctrl-C sets, besides raising KeyboardInterrupt: that can get lost in a destructor."""
    noted = Event()

    def note(number: int, frame: FrameType | None) -> None:
        noted.set()
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, previous)


class _Child:
    """A process that runs tests until the first that ends it; `running` is that test."""

    def __init__(
        self,
        submission: Submission,
        kit: Kit,
        judged: frozenset[str],
        overran: frozenset[str],
        interrupted: Event,
    ) -> None:
        self.submission = submission
        self.interrupted = interrupted
        self.module = kit.module.removesuffix(".py")
        self.running: RunningTest | None = None
        self.ended: set[str] = set()
        self._folder = tempfile.TemporaryDirectory()
        self._stack = Path(self._folder.name, "stack.txt")
        self._connection, theirs = CONTEXT.Pipe(duplex=False)
        arguments = (theirs, submission, kit, judged, overran, self._stack, LOAD_SECONDS, TEST_SECONDS)
        self._process = CONTEXT.Process(target=_serve_tests, args=arguments)  # type: ignore[attr-defined]
        self._process.start()
        theirs.close()

    def run(self) -> Iterator[PublicFinding]:
        """Give the findings as they come. Raises GraderError if the child cannot go on."""
        while not isinstance(message := self._receive(), AllTestsEnded):
            match message:
                case RunningTest():
                    self.running = message
                case PublicFinding():
                    self.ended |= {self.running.id} if self.running else set()
                    self.running = None
                    yield message
                case GraderError():
                    raise message
                case None:
                    self._process.join()
                    if self.running is None:
                        status = self._process.exitcode
                        raise GraderFault(f"the process of the public tests ended with exit status {status}")
                    return

    def explain_end(self, test: RunningTest) -> Outcome:
        """Return the outcome of the test that ended the process."""
        stack = self._stack.read_text(encoding="utf-8", errors="replace")
        if not stack:
            status = self._process.exitcode
            return Outcome(Verdict.CRASHED, f"the code ended its process with exit status {status}")
        frame = re.search(_FRAME.format(re.escape(self.module)), stack)
        place = describe_place(int(frame[1]), frame[2], self.submission) if frame else ""
        message = f"stopped after {test.seconds:g} seconds: is there a loop that never ends?{place}"
        return Outcome(Verdict.TIMED_OUT, message)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._folder.cleanup()

    def _receive(self) -> object:
        """Return the next message; None if the process ended without one."""
        # Asked in turn: a process that the submission started may hold the pipe open after the child has ended.
        while not self._connection.poll(POLL_SECONDS):
            if self.interrupted.is_set():
                raise KeyboardInterrupt
            if not self._process.is_alive() and not self._connection.poll():
                break
        try:
            return self._connection.recv() if self._connection.poll() else None
        except EOFError:
            return None


def _serve_tests(
    connection: Connection,
    submission: Submission,
    kit: Kit,
    judged: frozenset[str],
    overran: frozenset[str],
    stack: Path,
    load_seconds: float,
    test_seconds: float,
) -> None:
    # Ctrl-C is for the parent, which then ends this process, whatever the submission catches.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from grader.student.public_tests import TimeLimits, run_public_tests

    # Before any clock starts: the first optimizer of torch imports for seconds, which a busy laptop stretches.
    for name in kit.description.imports:
        with suppress(ImportError):  # what is missing here costs only the code that uses it
            importlib.import_module(name)
    limits = TimeLimits(load_seconds, test_seconds)
    try:
        run_public_tests(submission, kit, connection.send, limits=limits, stack=stack, judged=judged, overran=overran)
    except GraderError as fault:
        connection.send(fault)
