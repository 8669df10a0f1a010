"""The student's own code and the attempts on the feedback page."""

from typing import Any

import pytest

from grader.model.report import Code, GradeReport
from grader.reporting.feedback import describe_report, render_page
from grader.reporting.progress import MOST_SHOWN, AttemptPoints, describe_progress
from grader.reporting.redaction import redact
from grader.tests.support.export_samples import make_report, make_secret_test, make_test

SCORES = Code(
    name="Luong.scores",
    todos=("luong.scores",),
    place="attention.py",
    line=11,
    text="def scores(h):\n    return <b>h @ self.W</b>",
)


def make_raised(**changes: Any) -> GradeReport:
    """A report of a TODO that raises on line 12."""
    test = make_test("luong.scores", "raised", message="RuntimeError: no", place="attention.py, line 12", **changes)
    return make_report(tests=[test], code=(SCORES,))


def make_attempt(number: int, score: float | None = None) -> AttemptPoints:
    """An attempt with these points for one TODO."""
    points = {} if score is None else {"luong.scores": score}
    return AttemptPoints(f"{number}", score, 100.0, points)


def test_the_line_that_raised_is_marked_in_the_students_code() -> None:
    """Open from the start, as text, with the numbers of the student's file."""
    page = render_page(redact(make_raised(shapes="h 3x8")), "en")
    assert '<ol class="source" start="11">' in page
    assert '<li class="marked"><code>    return &lt;b&gt;h @ self.W&lt;/b&gt;</code>' in page
    assert page.count('class="marked"') == 1
    assert "<details open><summary>Your code: Luong.scores (attention.py)" in page
    assert "shapes on that line: <code>h 3x8</code>" in page
    assert "[shapes on that line: h 3x8]" in describe_report(redact(make_raised(shapes="h 3x8")), "en")


def test_code_of_a_todo_that_passes_is_there_and_closed() -> None:
    """A student may want to compare, but first reads what is wrong."""
    page = render_page(redact(make_report(tests=[make_test("luong.scores")], code=(SCORES,))), "en")
    assert "<details><summary>Your code: Luong.scores (attention.py)" in page and 'class="marked"' not in page


@pytest.mark.parametrize("visibility", ["hidden", "after_due"])
def test_a_concealed_test_marks_no_line(visibility: str) -> None:
    """Where it raised says what it asks; before the due date nothing of it is shown."""
    secret = make_secret_test("luong.scores", visibility, "raised")
    secret = secret.model_copy(update={"place": "attention.py, line 12"})
    page = render_page(redact(make_report(tests=[secret], code=(SCORES,))), "en")
    assert 'class="marked"' not in page and "shapes" not in page


def test_a_cell_is_named_in_the_readers_language() -> None:
    """Its lines are marked by the English name, which the report has."""
    code = SCORES.model_copy(update={"place": "cell 3"})
    report = make_raised()
    test = report.tests[0].model_copy(update={"place": "cell 3, line 12"})
    page = render_page(redact(report.model_copy(update={"code": (code,), "tests": (test,)})), "ko")
    assert "(3번째 셀)" in page and 'class="marked"' in page


def test_attempts_are_a_table_with_the_shown_one_marked() -> None:
    """One column an attempt, one row a TODO, and the score."""
    report = make_report(tests=[make_test("luong.scores")])
    attempts = [make_attempt(1, 20.0), make_attempt(2), AttemptPoints(report.submission.id, 100.0, 100.0, {})]
    page = render_page(redact(report), "en", attempts)
    assert "Your attempts" in page and page.count('aria-current="true"') == 1
    assert page.count('<td class="number">20</td>') == 2
    assert "Your attempts" not in render_page(redact(report), "en", attempts[:1])


def test_only_the_last_attempts_are_shown_under_their_numbers() -> None:
    """More columns do not fit a telephone."""
    attempts = [make_attempt(number, float(number)) for number in range(10)]
    found = describe_progress(make_report().todos, attempts, "9", "en")
    assert found is not None
    assert (len(found.numbers), found.numbers[-1], found.shown) == (MOST_SHOWN, 10, 10)
    assert found.scores == (4.0, 5.0, 6.0, 7.0, 8.0, 9.0)


@pytest.mark.parametrize("score", [-5.0, 0.0, 100.0, 140.0])
def test_the_line_stays_in_its_picture(score: float) -> None:
    """A bonus or a penalty can leave the range of the points."""
    found = describe_progress((), [make_attempt(1, score), make_attempt(2, score)], "", "en")
    assert found is not None
    heights = [float(point.split(",")[1]) for point in found.line.split()]
    assert all(0 <= height <= 32 for height in heights)


def test_attempts_without_a_score_have_no_points() -> None:
    """A fault is no zero."""
    fault = AttemptPoints.read(make_report(status="grader_fault"))
    assert (fault.score, fault.points) == (None, {})
