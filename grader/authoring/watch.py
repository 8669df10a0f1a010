"""Watch an assignment while its author writes: grade again what a saved file affects.

Results are kept under a digest of what they depend on: the answer's source and the test's fingerprint, as for
`grader rejudge`. A saved file makes some of them stale. Only these are made again, in this process, where torch and the
suite stay loaded. A variant is run on the tests of the TODOs that it answers; `grader verify` runs it on all of them.
"""

import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from grader.authoring.author_mistakes import list_mistakes
from grader.authoring.corpus import VariantExpectation, build_source, load_expectations
from grader.authoring.graded_answers import (
    RIGHT,
    AnswerGrader,
    explain,
    find_disagreements,
    judge_whole,
    list_answered,
    list_killers,
    needs_jail,
)
from grader.authoring.solution_notebook import find_notebook, read_notebook
from grader.authoring.time_limit import limit_time
from grader.authoring.trial_mistakes import find_public_mistakes
from grader.grading.suite_fingerprint import find_function, fingerprint_suite
from grader.grading.worker import Worker
from grader.model.assignment import ASSIGNMENTS, HIDDEN_TESTS, SOLUTIONS, Assignment
from grader.model.course import Course
from grader.model.digests import identify
from grader.model.errors import GraderError
from grader.model.report import GradeReport
from grader.model.verdict import Outcome, Verdict
from grader.reporting.console import make_console
from grader.student.kit import PUBLIC_TESTS

POLL_SECONDS = 0.05
REFERENCE = "reference"
# More files than this are counted, not named: at the start, or after a checkout.
MOST_NAMED = 5
WRITTEN_BY_AUTHORS = (".py", ".toml", ".md", ".ipynb")
# Code that computes for longer is taken to be endless.
MOST_SECONDS = 20.0
Tell = Callable[[str, bool], None]


@dataclass(frozen=True)
class WatchedAnswer:
    """The reference or a variant, with the TODOs whose tests it is run on."""

    name: str
    source: str
    expectation: VariantExpectation
    todos: frozenset[str]


@dataclass(frozen=True)
class KeptReport:
    """The last report on an answer, the digest of what each result in it depends on, and the points of each test."""

    report: GradeReport
    digests: Mapping[str, str]
    points: Mapping[str, float]


def watch_assignment(course: Course, name: str, isolation: str) -> None:
    """Grade the whole assignment once, and then what each saved file affects, until Ctrl-C."""
    console = make_console()

    def tell(sentence: str, is_bad: bool) -> None:
        console.print(Text(sentence, "red" if is_bad else "green"))

    sys.dont_write_bytecode = True  # Python takes two texts of one length and second for the same
    with Watcher(course, name, isolation, tell) as watcher:
        while True:
            saved = watcher.find_saved()
            if saved:
                watcher.grade(saved)
            time.sleep(POLL_SECONDS)


class Watcher:
    """The results of one assignment, and the worker that makes them again."""

    def __init__(self, course: Course, name: str, isolation: str | None, tell: Tell) -> None:
        self.course = course
        self.name = name
        self.isolation = isolation
        self.tell = tell
        self.runs = 0  # tests that were run, on any answer
        self._open = ExitStack()
        self._grader: AnswerGrader | None = None
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._suite_digest = ""
        self._digests: dict[str, str] = {}  # of the tests, with all that they depend on but the answer
        self._public: tuple[str, list[str]] = ("", [])
        self._kept: dict[str, KeptReport] = {}

    def __enter__(self) -> "Watcher":
        self._place = Path(self._open.enter_context(tempfile.TemporaryDirectory()))
        return self

    def __exit__(self, *_: object) -> None:
        self._close_worker()
        self._open.close()

    def find_saved(self) -> list[Path]:
        """Return the files that were saved, added or removed since it was last asked."""
        stamps = dict(self._read_stamps())
        saved = sorted(path for path, _ in stamps.items() ^ self._stamps.items())
        self._stamps = stamps
        return list(dict.fromkeys(saved))

    def grade(self, saved: list[Path]) -> None:
        """Grade what is stale, and say how the suite stands. Returns early where another file is saved meanwhile."""
        begin, before = time.monotonic(), self.runs
        complaints = list(self._list_complaints(saved))
        if dict(self._read_stamps()) != self._stamps:
            return  # what is not graded yet stays stale
        for complaint in complaints:
            self.tell(f"{self.name}: {complaint}", True)
        files = ", ".join(path.name for path in saved) if len(saved) <= MOST_NAMED else f"{len(saved)} files"
        verdict = f"{len(complaints)} complaints" if complaints else "clean"
        took = f"{self.runs - before} tests in {time.monotonic() - begin:.1f} s"
        self.tell(f"{time.strftime('%H:%M:%S')} {files}: {took}: {verdict}", bool(complaints))

    def _list_complaints(self, saved: list[Path]) -> Iterator[str]:
        try:
            assignment = self.course.load_assignment(self.name, draft=True)
            if notebook := find_notebook(assignment):
                assignment.solution.write_text(read_notebook(notebook), encoding="utf-8")
                self._stamps = dict(self._read_stamps())
            mistakes = list_mistakes(assignment)
            yield from (mistake.describe(assignment.root) for mistake in mistakes)
            if not mistakes:
                yield from self._judge(assignment, saved)
        except (GraderError, OSError) as error:  # a file may be gone while an editor saves it
            yield str(error)
        except TimeoutError as error:
            yield f"{error}, in a test or in the grader: is there a loop that never ends?"

    def _judge(self, assignment: Assignment, saved: list[Path]) -> Iterator[str]:
        grader = self._open_grader(judge_whole(assignment))
        names = {path.stem for path in saved}
        # What was saved comes first, and the reference before everything: all others would only repeat its mistakes.
        answers = sorted(_list_answers(assignment), key=lambda one: (one.name != REFERENCE, one.name not in names))
        killers: set[str] = set()
        for answer in answers:
            if dict(self._read_stamps()) != self._stamps:
                return
            before = self.runs
            report = self._grade_answer(grader, answer)
            if answer.name == REFERENCE:
                if report.score != report.max_score:
                    yield f"the reference scores {report.score:g} of {report.max_score:g}: {explain(report)}"
                    return
                if self.runs > before:
                    self.tell(f"{self.name}: the reference passes what changed: {self.runs - before} tests", False)
            yield from find_disagreements(answer.name, answer.expectation, report)
            if not answer.name.startswith(RIGHT):
                killers |= set(list_killers(report))
        for test in grader.worker.suite.tests:
            if test.id not in killers:
                yield f"{test.id} kills no wrong variant"
        yield from self._check_public_tests(assignment)

    def _open_grader(self, assignment: Assignment) -> AnswerGrader:
        """Return a worker with the suite as it is now. Torch stays loaded, and the jail started."""
        digest = identify("suite", *_read_texts(assignment.hidden_tests.glob("*.py")), *_read_base(assignment))
        if self._grader and self._grader.worker.assignment.description != assignment.description:
            self._close_worker()
        if self._grader is None:
            worker = Worker(assignment, isolation=self.isolation, prewarm=False)
            self._grader = AnswerGrader(worker, self._place)
        elif digest != self._suite_digest:
            self._suite_digest = ""  # in case the tests cannot be collected
            self._grader.worker.collect(assignment)
        self._suite_digest = digest
        self._digests = _digest_tests(self._grader.worker)
        return self._grader

    def _close_worker(self) -> None:
        if self._grader is not None:
            self._grader.worker.close()
        self._grader = None

    def _grade_answer(self, grader: AnswerGrader, answer: WatchedAnswer) -> GradeReport:
        """Return an answer's report. Results that still hold are kept; tests of other TODOs count as passed."""
        tests = grader.worker.suite.tests
        own = [test for test in tests if test.todo in answer.todos]
        digests = {test.id: identify(answer.source, self._digests[test.id]) for test in own}
        points = {test.id: test.points for test in own}
        kept = self._kept.get(answer.name)
        if kept and (kept.digests, kept.points) == (digests, points):
            return kept.report
        results = {result.id: result for result in kept.report.tests} if kept else {}
        held = [test.report(Outcome(Verdict.PASSED)) for test in tests if test.todo not in answer.todos]
        held += [
            test.repeat(results[test.id]) for test in own if kept and kept.digests.get(test.id) == digests[test.id]
        ]
        self.runs += len(tests) - len(held)
        is_confined = needs_jail(answer.name, answer.expectation)
        with limit_time(MOST_SECONDS), warnings.catch_warnings(action="ignore"):  # torch has a lot to say of wrong code
            report = grader.grade_rest(answer.name, answer.source, tuple(held), in_process=not is_confined)
        self._kept[answer.name] = KeptReport(report, digests, points)
        return report

    def _check_public_tests(self, assignment: Assignment) -> Iterator[str]:
        texts = _read_texts((assignment.folder / PUBLIC_TESTS).rglob("*.py"))
        digest = identify("public", *texts, *_read_base(assignment))
        if digest != self._public[0]:
            self._public = (digest, list(find_public_mistakes(assignment)))
        yield from self._public[1]

    def _read_stamps(self) -> Iterator[tuple[Path, tuple[int, int]]]:
        for folder in (ASSIGNMENTS, SOLUTIONS, HIDDEN_TESTS):
            for path in (self.course.root / folder / self.name).rglob("*"):
                is_generated = path.parent.parent.name == ASSIGNMENTS and path.suffix in (".py", ".ipynb")
                if path.suffix in WRITTEN_BY_AUTHORS and not is_generated:
                    with suppress(FileNotFoundError):  # removed in this moment
                        status = path.stat()
                        yield path, (status.st_mtime_ns, status.st_size)


def _list_answers(assignment: Assignment) -> Iterator[WatchedAnswer]:
    solution = assignment.solution.read_text(encoding="utf-8")
    everything = frozenset(todo.id for todo in assignment.todos)
    yield WatchedAnswer(REFERENCE, solution, VariantExpectation(), everything)
    for name, expectation in load_expectations(assignment).items():
        source = build_source(assignment, name, expectation)
        own = list_answered(assignment, source.removeprefix(solution)) if name.startswith(RIGHT) else expectation.loses
        yield WatchedAnswer(name, source, expectation, frozenset(own) or everything)


def _digest_tests(worker: Worker) -> dict[str, str]:
    """Return for each test the digest of all that its result depends on, but the answer."""
    suite, assignment = worker.suite, worker.assignment
    fingerprint = fingerprint_suite(assignment, worker.environment, worker.seed_commitment)
    known = {test.id: test.digest for test in fingerprint.tests}
    # A test that the text of its file does not show depends on all of it, and on every gate.
    rest = identify("rest", suite.digest, fingerprint.dump())
    return {test.id: known.get(find_function(test.id), rest) for test in suite.tests}


def _read_base(assignment: Assignment) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in (assignment.description_file, assignment.solution)]


def _read_texts(paths: Iterable[Path]) -> list[str]:
    return [part for path in sorted(paths) for part in (path.name, path.read_text(encoding="utf-8"))]
