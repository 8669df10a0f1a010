"""Results and points -> scores."""

import random

import pytest

from grader.assignment import Todo
from grader.report import CheckResult
from grader.scoring import judge_todo, score_todos, total
from grader.verdict import Verdict

TODO = Todo(id="one", title="One", points=3, where=("f",))


def make_result(verdict: Verdict, points: float = 1.0, todo: str = "one") -> CheckResult:
    """One test's result."""
    score = points if verdict is Verdict.PASSED else 0.0
    return CheckResult(
        id=f"test::{verdict}", name="", todo=todo, category="shape", status=verdict, score=score, max_score=points
    )


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        ("passed passed", "passed"),
        ("", "passed"),
        ("unfilled unfilled", "unfilled"),
        ("unfilled passed", "unfilled"),
        ("unfilled failed", "failed"),
        ("passed raised timed_out", "raised"),
        ("failed pending", "pending"),
        ("pending grader_fault failed", "grader_fault"),
    ],
)
def test_a_todo_gets_one_word(verdicts: str, word: str):
    """The grader's own fault first, then what is pending, then the first trouble that says more than `unfilled`."""
    assert judge_todo([Verdict(verdict) for verdict in verdicts.split()]) is Verdict(word)


def test_the_points_of_passed_tests_count():
    """Each test gives its points or nothing."""
    results = [make_result(Verdict.PASSED, 1.0), make_result(Verdict.FAILED, 1.5), make_result(Verdict.PASSED, 0.5)]
    (scored,) = score_todos([TODO], results)
    assert (scored.score, scored.max_score, scored.status) == (1.5, 3.0, Verdict.FAILED)


def test_a_todo_counts_only_its_own_tests():
    """A neighbour's failure costs nothing."""
    other = Todo(id="two", title="Two", points=1, where=("g",))
    scored = score_todos([TODO, other], [make_result(Verdict.PASSED, 3.0), make_result(Verdict.FAILED, 1.0, "two")])
    assert [(todo.id, todo.score, todo.status) for todo in scored] == [
        ("one", 3.0, Verdict.PASSED),
        ("two", 0.0, Verdict.FAILED),
    ]


def test_sums_are_rounded_to_what_a_gradebook_shows():
    """Binary fractions do not show."""
    assert total([0.1] * 3) == 0.3


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_tests_does_not_change_a_score(seed: int):
    """Points are added up, whatever comes first; a score lies between nothing and everything."""
    chance = random.Random(seed)
    results = [make_result(verdict, 0.25) for verdict in chance.choices(list(Verdict), k=chance.randint(0, 8))]
    (before,) = score_todos([TODO], results)
    chance.shuffle(results)
    (after,) = score_todos([TODO], results)
    assert before.score == after.score
    assert 0 <= before.score <= 0.25 * len(results)
