"""The statistics of a class, against values worked out by hand."""

import pytest

from grader.classroom.statistics import correlate, describe_class
from grader.classroom.time_to_solve import TimeToSolve
from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.tests.support.export_samples import make_faulty_report, make_report, make_test


def make_student(name: str, first: bool, second: bool, third: bool) -> GradeReport:
    """A report on two TODOs: `a` with one test of 10 points, `b` with two of 5."""
    tests = [
        make_test("a", "passed" if first else "failed", id="a", points=10.0, message="" if first else "wrong sign"),
        make_test("b", "passed" if second else "failed", id="b1", points=5.0, message="" if second else "transposed"),
        make_test("b", "passed" if third else "failed", id="b2", points=5.0, message="" if third else "transposed"),
    ]
    return make_report(name, tests)


# Points: ann 10 + 10, bob 10 + 5, cho 0 + 5, dan 0 + 0.
SMALL = [
    make_student("ann", True, True, True),
    make_student("bob", True, True, False),
    make_student("cho", False, True, False),
    make_student("dan", False, False, False),
]


def test_scores_are_those_worked_out_by_hand() -> None:
    """20, 15, 5 and 0: mean 10, squared offsets 100 + 25 + 25 + 100 over 3."""
    scores = describe_class(SMALL).scores
    assert (scores.students, scores.mean, scores.median, scores.lowest, scores.highest) == (4, 10.0, 10.0, 0.0, 20.0)
    assert scores.deviation == pytest.approx(9.1287, abs=1e-4)
    assert scores.histogram == (1, 0, 1, 0, 0, 0, 0, 1, 0, 1)


def test_a_todos_items_are_those_worked_out_by_hand() -> None:
    """a: 10, 10, 0, 0 against b: 10, 5, 5, 0; covariance 100 over the root of 100 times 50."""
    first, second = describe_class(SMALL).todos
    assert (first.mean, first.difficulty, second.mean, second.difficulty) == (5.0, 0.5, 5.0, 0.5)
    assert first.discrimination == second.discrimination == pytest.approx(0.7071, abs=1e-4)


def test_a_hidden_test_is_compared_with_the_rest_of_the_score() -> None:
    """b1: 1, 1, 1, 0 against 15, 10, 0, 0: covariance 6.25 over the root of 0.75 times 168.75."""
    by_id = {test.id: test for test in describe_class(SMALL).tests}
    assert by_id["b1"].passing == 0.75
    assert by_id["b1"].discrimination == pytest.approx(6.25 / (0.75 * 168.75) ** 0.5, abs=1e-4)


def test_suspicious_items_are_flagged() -> None:
    """An item that only the weak student passes, and one that has no passes at all."""
    odd = [
        make_report("ann", [make_test("a"), make_test("b", "failed"), make_test("c", "failed")]),
        make_report("bob", [make_test("a"), make_test("b", "failed"), make_test("c", "failed")]),
        make_report("cho", [make_test("a", "failed"), make_test("b"), make_test("c", "failed")]),
    ]
    flags = {todo.id: todo.flags for todo in describe_class(odd).todos}
    assert flags["b"] == ("strong students fail it more often than weak ones",)
    assert flags["c"] == ("no student solves it",)


def test_the_commonest_mistake_comes_first_and_counts_students() -> None:
    """`transposed` is said twice to dan and counts once for him."""
    first, second = describe_class(SMALL).mistakes
    assert (first.message, first.count, first.student) == ("transposed", 3, "bob")
    assert (second.message, second.count, second.student) == ("wrong sign", 2, "cho")


def test_a_report_without_a_score_is_named_and_not_counted() -> None:
    """A fault of the grader is no zero, and neither is an excuse."""
    found = describe_class([*SMALL, make_faulty_report("eve"), make_report("fay", excused=True)])
    assert (found.scores.students, found.without_score) == (4, ("eve", "fay"))


def test_anonymous_statistics_hold_no_name() -> None:
    """Neither in the table nor in an example."""
    named = [
        report.model_copy(update={"submission": report.submission.model_copy(update={"name": "Planted Name"})})
        for report in [*SMALL, make_faulty_report("eve")]
    ]
    text = repr(describe_class(named, anonymous=True))
    assert not [name for name in ("ann", "bob", "cho", "dan", "eve") if f"'{name}'" in text]
    assert "Planted Name" not in text


def test_a_class_without_scores_is_refused() -> None:
    """There is nothing to describe."""
    with pytest.raises(UsageError, match="no report of this run has a score"):
        describe_class([make_faulty_report("eve")])


def test_what_does_not_vary_has_no_correlation() -> None:
    """Instead of a division by zero."""
    assert correlate([1.0, 1.0], [0.0, 1.0]) is None


def hand_in(student: str, day: int, *, solved: bool) -> GradeReport:
    """An attempt on the TODO `a`, in the morning of a day."""
    report = make_student(student, solved, False, False)
    submission = report.submission.model_copy(update={"submitted_at": f"2026-11-{day:02}T09:00:00+09:00"})
    return report.model_copy(update={"submission": submission})


def test_time_to_solve_is_the_median_over_those_who_solved_it() -> None:
    """Ann at once, bob with his third attempt after two days; cho never did."""
    attempts = {
        "ann": [hand_in("ann", 1, solved=True), hand_in("ann", 2, solved=True)],
        "bob": [hand_in("bob", day, solved=day == 5) for day in (3, 4, 5)],
        "cho": [hand_in("cho", 1, solved=False)],
        "gone": [hand_in("gone", 1, solved=True)],
    }
    first, second = describe_class(SMALL, attempts).todos
    assert first.time_to_solve == TimeToSolve(students=2, attempts=2.0, hours=24.0)
    assert second.time_to_solve is None


def test_attempts_without_times_are_counted_only() -> None:
    """No hours, and the order in which they were graded."""
    attempts = {"ann": [hand_in("ann", 1, solved=False), make_student("ann", True, True, True)]}
    untimed = [
        report.model_copy(update={"submission": report.submission.model_copy(update={"submitted_at": None})})
        for report in attempts["ann"]
    ]
    assert describe_class(SMALL, {"ann": untimed}).todos[0].time_to_solve == TimeToSolve(1, 2.0, None)
