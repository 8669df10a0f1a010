"""Verify hidden suites with mutants: how many are killed, and why each survivor may stay."""

import functools
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter
from rich.text import Text

from grader.authoring.graded_answers import GradedAnswer
from grader.authoring.mutants.running import Bench, Fate
from grader.authoring.suite_check import open_pool
from grader.authoring.suite_report import JudgedTest, MutantPart, write_report
from grader.model.assignment import Assignment
from grader.reporting.console import make_console

LEAST_KILLED = 0.97
MAX_TEXT = 160


@dataclass
class MutantFindings:
    """The fates of an assignment's mutants, and the survivors that its author has explained: id -> reason."""

    assignment: Assignment
    explained: dict[str, str]
    fates: list[Fate] = field(default_factory=list)
    tests: list[JudgedTest] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def count(self, status: str) -> int:
        """Return the number of mutants that ended so."""
        return sum(fate.status == status for fate in self.fates)

    @property
    def share(self) -> float:
        """Return the share of the mutants killed, of those that behave in another way than the reference."""
        different = len(self.fates) - self.count("equivalent")
        return self.count("killed") / different if different else 1.0

    def list_complaints(self) -> Iterator[str]:
        """List what is wrong: survivors without a reason, reasons without a survivor, too few killed."""
        survivors = {fate.mutant.id: fate for fate in self.fates if fate.status == "survived"}
        for name in survivors.keys() - self.explained.keys():
            yield describe_survivor(survivors[name])
        for name in self.explained.keys() - survivors.keys():
            yield f"[survivors] names {name}, which does not survive: remove the line"
        if self.share < LEAST_KILLED:
            yield f"{self.share:.1%} of the mutants are killed, and at least {LEAST_KILLED:.0%} should be"


def describe_survivor(fate: Fate) -> str:
    """Say what the mutant did, and what a test must look at to kill it."""
    mutant = fate.mutant
    original, text = (" ".join(part.split())[:MAX_TEXT] for part in (mutant.original, mutant.text))
    return (
        f"{mutant.id} survives (line {mutant.line}): {text!r} in place of {original!r}; "
        f"a test could kill it with {fate.difference}"
    )


def load_survivors(assignment: Assignment) -> dict[str, str]:
    """Return the explained survivors of the corpus's expected.toml: mutant id -> reason."""
    path = assignment.hidden_tests / "corpus" / "expected.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return TypeAdapter(dict[str, str]).validate_python(tables.get("survivors", {}))


def print_mutants(assignments: Sequence[Assignment], report: Path | None = None) -> bool:
    """Judge the mutants of several assignments on every core, and print what was found. True if nothing is wrong.

    With a folder `report` every test is tried on each mutant, and a page and JSON are written for each assignment.
    """
    tasks = [(assignment, todo.id) for assignment in assignments for todo in assignment.todos]
    found = {assignment.name: MutantFindings(assignment, load_survivors(assignment)) for assignment in assignments}
    left = Counter(assignment.name for assignment, _ in tasks)
    console = make_console()
    is_sound = True
    judge = functools.partial(judge_todo, by_all=report is not None)
    with open_pool(assignments[0].root) as pool:
        for (assignment, _), judged in zip(tasks, pool.map(judge, *zip(*tasks, strict=True)), strict=True):
            findings = found[assignment.name]
            findings.fates += judged.fates
            findings.tests += judged.tests
            findings.cpu_seconds += judged.cpu_seconds
            left[assignment.name] -= 1
            if not left[assignment.name]:
                complaints = list(findings.list_complaints())
                for complaint in complaints:
                    console.print(Text(f"{assignment.name}: {complaint}", "red"))
                console.print(Text(summarize(findings), "red" if complaints else "green"))
                if report is not None:
                    written = write_mutants_report(report, findings, complaints)
                    console.print(Text(f"{assignment.name}: wrote {' and '.join(map(str, written))}"))
                is_sound = is_sound and not complaints
    return is_sound


def summarize(findings: MutantFindings) -> str:
    """Return one line of figures."""
    counts = ", ".join(f"{findings.count(status)} {status}" for status in ("killed", "equivalent", "survived"))
    return (
        f"{findings.assignment.name}: {len(findings.fates)} mutants, {counts}: {findings.share:.1%} killed, "
        f"{findings.cpu_seconds:.0f} s of computing"
    )


def write_mutants_report(folder: Path, findings: MutantFindings, complaints: Sequence[str]) -> list[Path]:
    """Write the part of the suite's report that mutants give, and return the paths."""
    killed = [
        GradedAnswer(
            name=fate.mutant.id,
            kind="mutant",
            todos=(fate.mutant.todo,),
            killed_by=fate.tests,
            note=f"line {fate.mutant.line}: {fate.mutant.text!r} in place of {fate.mutant.original!r}",
        )
        for fate in findings.fates
        if fate.status == "killed"
    ]
    survivors: dict[str, list[str]] = {}
    for fate in findings.fates:
        if fate.status == "survived":
            reason = findings.explained.get(fate.mutant.id, "")
            sentence = describe_survivor(fate) + (f" ({reason})" if reason else "")
            survivors.setdefault(fate.mutant.todo, []).append(sentence)
    part = MutantPart(
        answers=tuple(killed),
        survivors={todo: tuple(sentences) for todo, sentences in survivors.items()},
        equivalent=findings.count("equivalent"),
        complaints=tuple(complaints),
    )
    return write_report(folder, findings.assignment, findings.tests, mutants=part)


@dataclass(frozen=True)
class JudgedTodo:
    """The fates of the mutants of one TODO, its tests, and the CPU seconds that it took."""

    fates: tuple[Fate, ...]
    tests: tuple[JudgedTest, ...]
    cpu_seconds: float


def judge_todo(assignment: Assignment, todo: str, *, by_all: bool = False) -> JudgedTodo:
    """Judge the mutants of one TODO, each until a test fails or `by_all` tests."""
    begin = time.process_time()
    bench = _open_bench(assignment)
    fates = tuple(bench.judge(todo, by_all=by_all))
    tests = tuple(JudgedTest.describe(test) for test in bench.suite.tests if test.todo == todo)
    return JudgedTodo(fates, tests, time.process_time() - begin)


@functools.lru_cache(maxsize=1)
def _open_bench(assignment: Assignment) -> Bench:
    return Bench(assignment)
