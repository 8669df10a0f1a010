"""Gates: likeness, and the points that a closed gate keeps back."""

import math
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from grader.examiner.gate import LEAST_ROUNDS, MOST_ROUNDS, UNEARNED, find_unearned
from grader.examiner.likeness import collect_likeness, measure_likeness
from grader.examiner.mismatch import Mismatch
from grader.examiner.parity import assert_equal, assert_parity
from grader.examiner.suite import Suite
from grader.intake import read_submission
from grader.model.report import CheckResult
from grader.model.verdict import SubmissionError, Verdict
from grader.sandbox.in_process import InProcessChannel
from grader.tests.support.toy import SOLUTION, open_project

GATED = '''
import pytest
from grader.examiner import assert_equal


@pytest.mark.todo("double", weight=40)
@pytest.mark.parity
@pytest.mark.gate
def test_double(student, reference, draw):
    """Numbers are doubled."""
    numbers = [draw.integer(3, 1000) for _ in range(8)]
    found = [float(student.double(number)) for number in numbers]
    assert_equal(found, [float(reference.double(number)) for number in numbers], "a number is not doubled")


@pytest.mark.todo("double", weight=20)
@pytest.mark.shape
def test_number(student):
    """A number comes back."""
    assert isinstance(student.double(4), int)


@pytest.mark.todo("shout", weight=40)
@pytest.mark.shape
def test_shout(student):
    """A word comes back."""
    assert isinstance(student.shout("a"), str)
'''
PROPERTY = "test_toy.py::test_number"


@dataclass(frozen=True)
class FakeGate:
    """A gate test without a suite."""

    todo: str
    id: str


def grade(folder: Path, monkeypatch: pytest.MonkeyPatch, double: str) -> tuple[dict[str, CheckResult], Suite]:
    """The toy's results by test for another `double`, under a suite with a gate."""
    assignment = open_project(monkeypatch, folder, tests=GATED)
    path = folder / "handed_in" / "toy.py"
    path.parent.mkdir()
    path.write_text(f"{SOLUTION}\n\ndef double(number):\n    return {double}\n", encoding="utf-8")
    suite = Suite(assignment, b"secret")
    session = suite.open_session(read_submission(path, module="toy.py"), InProcessChannel())
    return {result.id: result for result in suite.run(session)}, suite


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (torch.arange(6.0) * 3 + 1, torch.arange(6.0)),
        (torch.tensor([True, False]), torch.tensor([1, 0])),
        ([[0, 3], [1, 2]], [[0, 3], [1, 2]]),
        ({"a": 1, "b": "x"}, {"a": 1, "b": "x"}),
        ([1.0, 2.0, 3.1], [2.0, 4.0, 6.2]),
        (torch.tensor(4.1), 4.0),
        (None, None),
        ([], []),
        (torch.full((3,), 2.0), torch.full((3,), 2.0)),
    ],
)
def test_likeness_of_what_is_right_up_to_scale_is_one(actual, expected):
    """Scale and offset of many numbers make no difference; a small error of one number neither."""
    assert math.isclose(measure_likeness(actual, expected), 1.0, abs_tol=1e-5)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (torch.zeros(6), torch.arange(6.0)),
        (torch.full((6,), math.nan), torch.arange(6.0)),
        (-torch.arange(6.0), torch.arange(6.0)),
        (torch.zeros(5), torch.arange(6.0)),
        (torch.zeros(3), torch.full((3,), 2.0)),
        ([0, 0, 0, 0, 0], [4, 1, 3, 2, 5]),
        ([5, 2, 4, 1, 3], [1, 2, 3, 4, 5]),
        ("", "words"),
        ("text", ["t", "e", "x", "t"]),
        (True, 1),
        (False, True),
        (None, 0.0),
        (3.0, 4.0 * 3),
        ([], [1]),
        ({}, {"a": 1}),
        (None, torch.zeros(2)),
        (object(), [1]),
    ],
)
def test_likeness_of_a_null_answer_is_zero(actual, expected):
    """Constants, other orders and other types have nothing in common with the right answer."""
    assert measure_likeness(actual, expected) == 0


def test_likeness_of_a_slip_is_large():
    """One changed item of many, or a function left out that bends numbers a little."""
    ids = list(range(20))
    assert measure_likeness([*ids[:7], 99, *ids[8:]], ids) > 0.8
    numbers = torch.linspace(-2, 2, 20)
    assert measure_likeness(numbers, numbers.tanh()) > 0.8


def test_comparisons_measure_while_likeness_is_collected():
    """They raise as always afterwards."""
    with collect_likeness() as found:
        assert_equal([1, 2, 3], [3, 1, 2], "another order")
        assert_parity(torch.zeros(3), torch.arange(3.0), what="numbers")
    assert len(found) == 2
    with pytest.raises(Mismatch, match="another order"):
        assert_equal([1, 2], [2, 1], "another order")


def test_a_gate_that_passed_is_not_run_again():
    """A right answer costs nothing more."""

    def run(gate: FakeGate, number: int) -> BaseException | None:
        raise AssertionError("a round was run")

    assert find_unearned([FakeGate("a", "x")], {"x"}, run) == set()


def test_the_mean_of_all_gates_decides():
    """Half of a TODO that is right opens it; a gate that raises has nothing to show."""
    gates = [FakeGate("a", "x"), FakeGate("a", "y"), FakeGate("b", "z")]
    assert find_unearned(gates, {"x"}, lambda gate, number: AssertionError("wrong")) == {"b"}


def test_a_gate_that_overruns_is_run_once():
    """Every further round would overrun as well."""
    numbers = []

    def run(gate: FakeGate, number: int) -> BaseException | None:
        numbers.append(number)
        return SubmissionError(Verdict.TIMED_OUT, "too slow")

    assert find_unearned([FakeGate("a", "x")], set(), run) == {"a"}
    assert numbers == [1]


def test_rounds_have_numbers_of_their_own():
    """So that each may draw other inputs."""
    numbers = []

    def run(gate: FakeGate, number: int) -> BaseException | None:
        numbers.append(number)
        return None

    assert find_unearned([FakeGate("a", "x")], set(), run) == set()
    assert numbers == list(range(1, LEAST_ROUNDS + 1))


def test_a_result_near_the_threshold_takes_more_rounds():
    """So that whether the gate is open depends little on what is drawn."""
    numbers = []

    def run(gate: FakeGate, number: int) -> BaseException | None:
        numbers.append(number)
        return AssertionError("wrong") if number % 2 else None

    assert find_unearned([FakeGate("a", "x")], set(), run) == set()
    assert numbers == list(range(1, MOST_ROUNDS + 1))


@pytest.mark.parametrize("double", ["0", "7", "number % 5", "-number"])
def test_properties_of_a_null_answer_do_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, double: str):
    """A test that passes is withheld, with a reason; other TODOs keep theirs."""
    results, suite = grade(tmp_path, monkeypatch, double)
    assert (results[PROPERTY].status, results[PROPERTY].message) == (Verdict.FAILED, UNEARNED)
    assert results["test_toy.py::test_shout"].status is Verdict.PASSED
    assert suite.withheld == {PROPERTY}


@pytest.mark.parametrize("double", ["number + number", "number * 3", "number + number - 1", "2 * max(number, 50)"])
def test_properties_of_a_slip_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, double: str):
    """An answer that is partly right keeps the properties that it passes."""
    results, suite = grade(tmp_path, monkeypatch, double)
    assert results[PROPERTY].status is Verdict.PASSED
    assert not suite.withheld
