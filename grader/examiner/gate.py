"""Gates: the points of a TODO are earned only where its results have something of the right answer in them.

Shapes, unchanged inputs and the like hold for zeros as well. A test with the mark `gate` shows what a TODO's results
are worth: where every gate of a TODO passes, nothing more is done. Where one fails, it is run again on other inputs,
and its `assert_parity` measures likeness. A TODO with too little of it loses every test that passed.
"""

import math
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from grader.examiner.likeness import collect_likeness
from grader.model.verdict import SubmissionError, Verdict

# The mean likeness over a TODO's gates that its other tests need to count.
LEAST_LIKENESS = 0.5
# One round says little of an answer that is half right, so there are more rounds as long as the mean is near the
# threshold: otherwise it would depend on the draw whether the gate is open.
LEAST_ROUNDS, MOST_ROUNDS = 3, 12
NEAR = 0.25
UNEARNED = "not counted: the results of this TODO have too little in common with the right ones"


class Gate(Protocol):
    """One gate test of a TODO."""

    @property
    def todo(self) -> str:
        """Return the TODO."""

    @property
    def id(self) -> str:
        """Return the test's id."""


GateTest = TypeVar("GateTest", bound=Gate)


def find_unearned(
    gates: Sequence[GateTest], passed: set[str], run_round: Callable[[GateTest, int], BaseException | None]
) -> set[str]:
    """Return the TODOs whose gates stay closed. `passed` holds the ids of the tests that passed outright."""
    closed = set()
    for todo in dict.fromkeys(gate.todo for gate in gates):
        own = [gate for gate in gates if gate.todo == todo]
        likeness = [1.0 if gate.id in passed else _measure_gate(gate, run_round) for gate in own]
        if math.fsum(likeness) / len(likeness) < LEAST_LIKENESS:
            closed.add(todo)
    return closed


def _measure_gate(gate: GateTest, run_round: Callable[[GateTest, int], BaseException | None]) -> float:
    scores: list[float] = []
    while len(scores) < MOST_ROUNDS:
        with collect_likeness() as found:
            raised = run_round(gate, len(scores) + 1)
        found = found or [1.0]  # it compared nothing, and only asserts
        scores.append(0.0 if raised else math.fsum(found) / len(found))
        if isinstance(raised, SubmissionError) and raised.verdict is Verdict.TIMED_OUT:
            return 0.0  # it would overrun in every other round as well
        mean = math.fsum(scores) / len(scores)
        if len(scores) >= LEAST_ROUNDS and abs(mean - LEAST_LIKENESS) > NEAR:
            break
    return mean
