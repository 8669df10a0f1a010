"""Results and points -> scores."""

import random
from datetime import datetime, timedelta

import pytest

from grader.grading.scoring import charge_lateness, judge_todo, score_todos, total
from grader.model.assignment import LatePolicy, Todo
from grader.model.report import CheckResult, Environment, GradedAssignment, GradedSubmission, GradeReport
from grader.model.verdict import Verdict

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
    """Points are added up in any order; a score lies between nothing and everything."""
    chance = random.Random(seed)
    results = [make_result(verdict, 0.25) for verdict in chance.choices(list(Verdict), k=chance.randint(0, 8))]
    (before,) = score_todos([TODO], results)
    chance.shuffle(results)
    (after,) = score_todos([TODO], results)
    assert before.score == after.score
    assert 0 <= before.score <= 0.25 * len(results)


POLICY = LatePolicy(
    due=datetime.fromisoformat("2026-11-30T23:59:00+09:00"), grace_minutes=15, points_per_day=10, most_points=25
)


def hand_in(at: str | None, *, score: float = 80.0, extension_days: float = 0.0) -> GradeReport:
    """A report of what was handed in at a time."""
    return GradeReport(
        assignment=GradedAssignment(name="toy", title="Toy", suite_digest=""),
        submission=GradedSubmission(id="", student="kim", files=(), submitted_at=at, extension_days=extension_days),
        status="graded", score=score, max_score=100.0, todos=(), tests=(),
        environment=Environment(python="", torch="", device="cpu", isolation=""), seed_commitment="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("handed_in", "penalty"),
    [
        (None, 0.0),
        ("2026-11-30T23:59:00+09:00", 0.0),
        ("2026-12-01T00:14:00+09:00", 0.0),  # within the grace
        ("2026-12-01T00:15:00+09:00", 10.0),  # beyond it, a day has begun
        ("2026-12-01T00:15:00", 10.0),  # without a zone, in that of the due date
        ("2026-11-30T15:15:00Z", 10.0),
        ("2026-12-02T00:00:00+09:00", 20.0),
        ("2027-06-01T00:00:00+09:00", 25.0),  # never more than the most
    ],
)
def test_lateness_costs_points_for_each_day_begun(handed_in: str | None, penalty: float):
    """The penalty stands beside the score, which is less by it."""
    charged = charge_lateness(hand_in(handed_in), POLICY)
    assert (charged.late_penalty, charged.score) == (penalty, 80.0 - penalty)


def test_reasons_open_at_the_due_date_of_the_student():
    """With the extension, and never without a policy."""
    assert charge_lateness(hand_in(None), POLICY).reasons_open_at == POLICY.due.isoformat()
    later = charge_lateness(hand_in(None, extension_days=2), POLICY).reasons_open_at
    assert later == (POLICY.due + timedelta(days=2)).isoformat()
    assert charge_lateness(hand_in(None), None).reasons_open_at is None


def test_an_extension_moves_the_due_date():
    """Time that the roster grants is no lateness."""
    report = hand_in("2026-12-02T00:30:00+09:00", extension_days=1)
    assert charge_lateness(report, POLICY).late_penalty == 10.0


def test_a_penalty_takes_no_more_than_was_earned():
    """No score is below nothing."""
    charged = charge_lateness(hand_in("2027-06-01T00:00:00+09:00", score=5.0), POLICY)
    assert (charged.late_penalty, charged.score) == (5.0, 0.0)


def test_without_a_policy_nothing_is_late():
    """And a penalty of before is given back."""
    charged = charge_lateness(charge_lateness(hand_in("2027-06-01T00:00:00+09:00"), POLICY), None)
    assert charged == hand_in("2027-06-01T00:00:00+09:00")


def test_a_test_without_points_leaves_a_full_todo_passed():
    """It only informs; what has not run yet still shows."""
    passed = make_result(Verdict.PASSED)
    assert score_todos([TODO], [passed, make_result(Verdict.RAISED, points=0.0)])[0].status is Verdict.PASSED
    assert score_todos([TODO], [passed, make_result(Verdict.PENDING, points=0.0)])[0].status is Verdict.PENDING
