"""The report on a hidden suite: which answers each test finds, what no test finds, and what a test costs.

`grader verify --report DIR` writes it as a page and as JSON. Verifying the corpus and verifying with mutants each fill
their own part of the same file, as long as the suite stays the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from pydantic import ValidationError

from grader.authoring.graded_answers import AnswerKind, GradedAnswer
from grader.model.assignment import Assignment, Frozen
from grader.model.digests import digest_suite
from grader.model.errors import UsageError
from grader.model.marks import Category
from grader.reporting.files import write_text
from grader.reporting.rendering import render_template

if TYPE_CHECKING:
    from grader.examiner.suite import HiddenTest

SCHEMA_VERSION: Final = "1.0"
PAGE = "suite.html"
# A wrong answer that only one test finds, and that keeps more than this share of its TODO, is worth a look.
MOST_KEPT = 0.75
ORDER: tuple[AnswerKind, ...] = ("wrong", "cheat", "null", "mutant")


class CorpusPart(Frozen):
    """The part of `grader verify`; not whole where `--quick` graded some of the answers only."""

    is_whole: bool
    answers: tuple[GradedAnswer, ...]
    cpu_seconds: dict[str, float]
    complaints: tuple[str, ...]


class MutantPart(Frozen):
    """The part of `grader verify --mutants`: the killed ones, sentences on the survivors by TODO, and two counts."""

    answers: tuple[GradedAnswer, ...]
    survivors: dict[str, tuple[str, ...]]
    equivalent: int
    complaints: tuple[str, ...]


class JudgedTest(Frozen):
    """One hidden test: the answers that it kills, and those among them that no other test does.

    `covered_by` names a few tests that together kill the same, where it kills none alone.
    """

    id: str
    name: str
    todo: str
    category: Category
    points: float
    is_gate: bool
    cpu_seconds: float | None = None
    kills: tuple[str, ...] = ()
    kills_alone: tuple[str, ...] = ()
    covered_by: tuple[str, ...] = ()

    @classmethod
    def describe(cls, test: "HiddenTest") -> "JudgedTest":
        """Return a test before it is known what it kills."""
        return cls(
            id=test.id,
            name=test.name,
            todo=test.todo,
            category=test.category,
            points=round(test.points, 4),
            is_gate=test.is_gate,
        )


class SuiteReport(Frozen):
    """One suite and what was found of it."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    assignment: str
    title: str
    suite_digest: str
    tests: tuple[JudgedTest, ...]
    corpus: CorpusPart | None = None
    mutants: MutantPart | None = None
    redundant: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()

    @property
    def answers(self) -> list[GradedAnswer]:
        """Return every answer that some test should find."""
        parts = [part.answers for part in (self.corpus, self.mutants) if part]
        return [answer for answers in parts for answer in answers if answer.kind != "right"]


def write_report(
    folder: Path,
    assignment: Assignment,
    tests: Sequence[JudgedTest],
    *,
    corpus: CorpusPart | None = None,
    mutants: MutantPart | None = None,
) -> list[Path]:
    """Write the page and the JSON of a suite, and return their paths. A part that is not given stays as it was.

    Raises UsageError where a file of that name is something else.
    """
    path = folder / f"{assignment.name}.json"
    digest = digest_suite(assignment)
    if former := _read_former(path, digest):
        corpus, mutants = corpus or former.corpus, mutants or former.mutants
    answers = [*(corpus.answers if corpus else ()), *(mutants.answers if mutants else ())]
    judged = judge_tests(tests, answers, corpus.cpu_seconds if corpus else {})
    report = SuiteReport(
        assignment=assignment.name,
        title=assignment.description.title,
        suite_digest=digest,
        tests=judged,
        corpus=corpus,
        mutants=mutants,
        redundant=find_redundant(judged),
        next_steps=tuple(list_next_steps(assignment.name, judged, corpus, mutants)),
    )
    write_text(path, report.model_dump_json(indent=2) + "\n")
    page = path.with_suffix(".html")
    title = f"{report.title}: what the hidden tests find"
    write_text(page, render_template(PAGE, title=title, report=report, todos=assignment.todos, summary=summarize))
    return [page, path]


def judge_tests(
    tests: Sequence[JudgedTest], answers: Sequence[GradedAnswer], costs: Mapping[str, float]
) -> tuple[JudgedTest, ...]:
    """Return the tests with what each kills, and by which others that is covered."""
    found = [answer for answer in answers if answer.kind != "right"]
    kills = {test.id: {answer.name for answer in found if test.id in answer.killed_by} for test in tests}
    counts = Counter(name for names in kills.values() for name in names)
    return tuple(
        test.model_copy(
            update={
                "cpu_seconds": costs.get(test.id),
                "kills": tuple(sorted(kills[test.id])),
                "kills_alone": tuple(sorted(name for name in kills[test.id] if counts[name] == 1)),
                "covered_by": _find_cover(test.id, kills),
            }
        )
        for test in tests
    )


def _find_cover(test: str, kills: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Return few other tests that together kill all that one does; none where that is impossible."""
    left, chosen = set(kills[test]), []
    while left:
        best = max((name for name in kills if name != test), key=lambda name: len(kills[name] & left), default=test)
        if not kills[best] & left or best == test:
            return ()
        left -= kills[best]
        chosen.append(best)
    return tuple(chosen)


def find_redundant(tests: Iterable[JudgedTest]) -> tuple[str, ...]:
    """Return tests that could go together, the slowest first: every answer would still fail another test.

    A gate stays: null answers earn nothing because of it.
    """
    tests = list(tests)
    counts = Counter(answer for test in tests for answer in test.kills)
    found = []
    for test in sorted(tests, key=lambda test: -(test.cpu_seconds or 0)):
        if test.kills and not test.is_gate and all(counts[answer] > 1 for answer in test.kills):
            counts.subtract(test.kills)
            found.append(test.id)
    return tuple(found)


def list_next_steps(
    name: str, tests: Sequence[JudgedTest], corpus: CorpusPart | None, mutants: MutantPart | None
) -> Iterator[str]:
    """Say what would make the suite better, the most important first."""
    for part in (corpus, mutants):
        yield from part.complaints if part else ()
    if corpus is None:
        yield f"the corpus was not graded for this suite: grader verify --report DIR -a {name}"
    for test in tests if corpus and corpus.is_whole else ():
        if not test.kills:
            yield f"{test.id} kills nothing: add a wrong answer that it finds, or remove it"
    for answer in corpus.answers if corpus else ():
        for todo, share in answer.keeps.items():
            is_wrong = answer.kind == "wrong" and not answer.is_weighed
            if share > MOST_KEPT and is_wrong and len(answer.killed_by) == 1:
                yield (
                    f"{answer.name} keeps {share:.0%} of {todo}, because only {answer.killed_by[0]} finds it: "
                    "give that test more weight, look at the mistake in another one, or say so with `keeps`"
                )
    covers = {test.id: test.covered_by for test in tests}
    for test_id in find_redundant(tests):
        yield (
            f"{test_id} finds nothing that {' and '.join(covers[test_id])} would miss: "
            "remove it, keep it for what it says to students, or add the mistake that it is for to the corpus"
        )
    if mutants is None:
        yield f"mistakes that students make were not tried: grader verify --mutants --report DIR -a {name}"


def summarize(report: SuiteReport, todo: str) -> dict[str, object]:
    """Return the figures of one TODO, and its answers and tests for the table of who finds what."""
    answers = [answer for answer in report.answers if todo in answer.todos]
    kinds = Counter(answer.kind for answer in answers)
    weakest = max((answer for answer in answers if answer.keeps), key=lambda one: one.keeps.get(todo, 0), default=None)
    return {
        "answers": sorted(answers, key=lambda answer: (ORDER.index(answer.kind), len(answer.killed_by))),
        "tests": [test for test in report.tests if test.todo == todo],
        "kinds": kinds,
        "weakest": weakest,
        "survivors": report.mutants.survivors.get(todo, ()) if report.mutants else (),
    }


def _read_former(path: Path, digest: str) -> SuiteReport | None:
    """Return the report that is there already; None where there is none, or one of another suite."""
    if not path.exists():
        return None
    try:
        former = SuiteReport.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise UsageError(f"{str(path)!r} was not written by `grader verify`: choose another folder") from error
    return former if former.suite_digest == digest else None
