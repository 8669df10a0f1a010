"""The parts of a report that a student may see, and the secrets that no field of it gives away."""

import random
from datetime import datetime
from typing import get_args

import pytest

from grader.model.report import CheckResult, Code, Environment, GradedSubmission, GradeReport, TodoResult, Visibility
from grader.reporting.redaction import is_shown, redact
from grader.tests.support.export_samples import (
    MIXED,
    SECRET,
    make_faulty_report,
    make_report,
    make_secret_test,
    make_test,
)

SHOWN_TEXTS = ("id", "name", "message", "hint", "place", "shapes")


@pytest.mark.parametrize(("visibility", "released"), [("hidden", False), ("hidden", True), ("after_due", False)])
@pytest.mark.parametrize("status", ["passed", "failed", "raised", "timed_out", "grader_fault"])
def test_a_concealed_test_leaves_nothing_behind(visibility: str, released: bool, status: str) -> None:
    """Its name, id, message with inputs and expected values, and hint are nowhere in the JSON."""
    report = make_report(tests=[make_test("luong.scores"), make_secret_test("luong.scores", visibility, status)])
    assert SECRET in report.model_dump_json()
    text = redact(report, released=released).model_dump_json()
    assert SECRET not in text
    assert "0.7315" not in text


def test_tests_show_after_the_due_date() -> None:
    """`released` shows what is `after_due`, just as it was, and nothing that is hidden."""
    redacted = redact(make_report(), released=True)
    assert [after == before for before, after in zip(MIXED, redacted.tests, strict=True)] == [
        True, True, False, True, False,
    ]  # fmt: skip


def test_visible_tests_stay_as_they_are() -> None:
    """Results that are meant for the student reach the student."""
    assert redact(make_report()).tests[:2] == MIXED[:2]


def test_points_and_verdicts_stay() -> None:
    """A concealed test still accounts for its points."""
    report = make_report()
    redacted = redact(report)
    kept = ("todo", "category", "status", "score", "max_score", "visibility")
    for before, after in zip(report.tests, redacted.tests, strict=True):
        assert [getattr(before, name) for name in kept] == [getattr(after, name) for name in kept]
    assert (redacted.score, redacted.max_score, redacted.todos) == (report.score, report.max_score, report.todos)


def test_concealed_tests_have_ids_of_their_own() -> None:
    """Each is known by its place among the TODO's tests, with or without others shown."""
    before, after = redact(make_report()), redact(make_report(), released=True)
    assert [test.id for test in before.tests[2:]] == ["luong.scores/3", "luong.weights/1", "luong.weights/2"]
    assert after.tests[2].id == "luong.scores/3"
    assert after.tests[4].id == "luong.weights/2"
    assert len({test.id for test in before.tests}) == len(before.tests)


def test_an_id_does_not_depend_on_the_name_it_stands_for() -> None:
    """No one can check a guess of a hidden test's name against its id."""
    one, other = (make_secret_test("luong.scores", "hidden", status) for status in ("failed", "raised"))
    assert redact(make_report(tests=[one])).tests[0].id == redact(make_report(tests=[other])).tests[0].id


def test_the_graders_own_failure_is_the_staffs() -> None:
    """The reason for the failure names hidden tests, even where a visible one was at work."""
    report = make_faulty_report("S004")
    assert report.tests[0].visibility == "visible"
    redacted = redact(report)
    assert SECRET not in redacted.model_dump_json()
    assert (redacted.status, redacted.fault) == ("grader_fault", "")


def test_where_it_was_graded_is_told() -> None:
    """A student may want the versions, to get the same result at home; every system names the wall there was."""
    expected = Environment(python="3.11.7", torch="2.13.0", device="cpu", isolation="bwrap")
    assert redact(make_report()).environment == expected


def test_concealed_tests_tell_no_time() -> None:
    """The time of a hidden test says something about its inputs."""
    assert [test.cpu_seconds for test in redact(make_report()).tests] == [0.25, 0.25, 0.0, 0.0, 0.0]


def test_redacting_twice_changes_nothing_more() -> None:
    """A caller that is not sure may redact again."""
    once = redact(make_report())
    assert redact(once) == once


def test_fields_of_later_versions_are_not_passed_on() -> None:
    """A field that is added to the report is the staff's until the redaction names it."""

    class Longer(CheckResult):
        inputs: str = SECRET

    class Longest(GradeReport):
        secret: str = SECRET

    class Known(GradedSubmission):
        address: str = SECRET

    class Judged(TodoResult):
        reason: str = SECRET

    class Copied(Code):
        solution: str = SECRET

    code = Copied(name="f", todos=("luong.scores",), place="m.py", line=1, text="def f(): pass")
    plain = make_report(code=(code,))
    report = Longest(
        **{name: getattr(plain, name) for name in GradeReport.model_fields}
        | {"tests": tuple(Longer(**test.model_dump()) for test in plain.tests)}
        | {"todos": tuple(Judged(**todo.model_dump()) for todo in plain.todos)}
        | {"submission": Known(**plain.submission.model_dump())}
    )
    redacted = redact(report)
    assert type(redacted) is GradeReport
    assert type(redacted.submission) is GradedSubmission
    assert {type(test) for test in redacted.tests} == {CheckResult}
    assert {type(todo) for todo in redacted.todos} == {TodoResult}
    assert {type(part) for part in redacted.code} == {Code}


@pytest.mark.parametrize("seed", range(10))
def test_no_mixture_of_tests_leaks(seed: int) -> None:
    """Every secret in the JSON belongs to a test that is shown, in any mixture."""
    chance = random.Random(seed)
    verdicts = ("passed", "failed", "raised", "crashed", "pending")
    tests = [
        make_secret_test(chance.choice("ab"), chance.choice(get_args(Visibility)), chance.choice(verdicts))
        for _ in range(12)
    ]
    released = seed % 2 == 0
    redacted = redact(make_report(tests=tests), released=released)
    shown = [test for test in tests if is_shown(test, released=released)]
    fields = sum(getattr(test, name).count(SECRET) for test in shown for name in SHOWN_TEXTS)
    fields += sum(str(test.translations).count(SECRET) for test in shown)
    assert redacted.model_dump_json().count(SECRET) == fields


@pytest.mark.parametrize(
    ("opening", "shown"),
    [(None, False), ("2026-03-01T12:00:00+09:00", True), ("2026-03-01T12:00:01+09:00", False)],
)
def test_reasons_open_by_themselves_at_the_due_date(opening: str | None, shown: bool) -> None:
    """To the second; hidden tests stay hidden, and until then the report says when."""
    report = make_report().model_copy(update={"reasons_open_at": opening})
    redacted = redact(report, now=datetime.fromisoformat("2026-03-01T03:00:00+00:00"))
    text = redacted.model_dump_json()
    assert (f"{SECRET} message after_due" in text) is shown
    assert f"{SECRET} message hidden" not in text
    assert redacted.reasons_open_at == (None if shown else opening)
