"""Verify hidden suites with mutants: how many are killed, and why each survivor may stay."""

import functools
import os
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from pydantic import TypeAdapter
from rich.text import Text

from grader.authoring.mutants.running import Bench, Fate
from grader.authoring.suite_check import divert_output
from grader.model.assignment import Assignment
from grader.reporting.terminal import make_console

LEAST_KILLED = 0.97
MAX_TEXT = 160


@dataclass
class MutantFindings:
    """The fates of an assignment's mutants, and the survivors that its author has explained: id -> reason."""

    assignment: Assignment
    explained: dict[str, str]
    fates: list[Fate] = field(default_factory=list)
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


def print_mutants(assignments: Sequence[Assignment]) -> bool:
    """Judge the mutants of several assignments on every core, and print what was found. True if nothing is wrong."""
    tasks = [(assignment, todo.id) for assignment in assignments for todo in assignment.todos]
    found = {assignment.name: MutantFindings(assignment, load_survivors(assignment)) for assignment in assignments}
    left = Counter(assignment.name for assignment, _ in tasks)
    console = make_console()
    is_sound = True
    # Fresh processes, as for the corpus: torch has threads that a fork would lose.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), initializer=divert_output) as pool:
        for (assignment, _), (fates, seconds) in zip(
            tasks, pool.map(judge_todo, *zip(*tasks, strict=True)), strict=True
        ):
            findings = found[assignment.name]
            findings.fates += fates
            findings.cpu_seconds += seconds
            left[assignment.name] -= 1
            if not left[assignment.name]:
                complaints = list(findings.list_complaints())
                for complaint in complaints:
                    console.print(Text(f"{assignment.name}: {complaint}", "red"))
                console.print(Text(summarize(findings), "red" if complaints else "green"))
                is_sound = is_sound and not complaints
    return is_sound


def summarize(findings: MutantFindings) -> str:
    """Return one line of figures."""
    counts = ", ".join(f"{findings.count(status)} {status}" for status in ("killed", "equivalent", "survived"))
    return (
        f"{findings.assignment.name}: {len(findings.fates)} mutants, {counts}: {findings.share:.1%} killed, "
        f"{findings.cpu_seconds:.0f} s of computing"
    )


def judge_todo(assignment: Assignment, todo: str) -> tuple[list[Fate], float]:
    """Judge the mutants of one TODO, and return their fates with the CPU seconds that it took."""
    begin = time.process_time()
    return list(_open_bench(assignment).judge(todo)), time.process_time() - begin


@functools.lru_cache(maxsize=1)
def _open_bench(assignment: Assignment) -> Bench:
    return Bench(assignment)
