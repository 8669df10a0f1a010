"""The troubles of one TODO: which comes first, what is folded, and what costs nothing."""

import pytest

from grader.reporting.troubles import Rank, rank_test, rank_troubles
from grader.tests.support.export_samples import make_test


@pytest.mark.parametrize(
    ("rank", "changes"),
    [
        (Rank.FORBIDDEN, {"status": "forbidden"}),
        (Rank.LOAD, {"status": "raised", "cause": "load"}),
        (Rank.MISSING, {"status": "failed", "cause": "missing"}),
        (Rank.UNFILLED, {"status": "unfilled"}),
        (Rank.EXCEPTION, {"status": "raised"}),
        (Rank.EXCEPTION, {"status": "timed_out"}),
        (Rank.STRUCTURE, {"status": "failed", "cause": "structure", "hint": "an axis is missing"}),
        (Rank.STRUCTURE, {"status": "failed", "category": "shape"}),
        (Rank.KNOWN_MISTAKE, {"status": "failed", "hint": "softmax over the wrong axis"}),
        (Rank.VALUE, {"status": "failed"}),
        (Rank.NOT_JUDGED, {"status": "failed", "cause": "follows"}),
        (Rank.INFORMATION, {"status": "raised", "max_score": 0.0}),
    ],
)
def test_rank_test_follows_the_kind_of_trouble(rank: Rank, changes: dict[str, str]) -> None:
    """Verdict, cause, category and hint decide; the text does not."""
    status = changes.pop("status")
    assert rank_test(make_test("one", status, message="x", **changes)) is rank


def test_the_cause_comes_first_whatever_the_order_of_the_tests() -> None:
    """An exception before a wrong form, and that before a recognised mistake."""
    value = make_test("one", "failed", message="values", hint="known")
    form = make_test("one", "failed", message="form", cause="structure")
    raised = make_test("one", "raised", message="raised")
    found = rank_troubles([value, form, raised])
    assert [trouble.message for trouble in found.shown] == ["raised", "form", "values"]


def test_a_missing_definition_folds_everything_else() -> None:
    """Without the code there is no result to speak of."""
    gone = [make_test("one", "failed", message="no 'f'", cause="missing") for _ in range(3)]
    found = rank_troubles([make_test("one", "raised", message="NameError"), *gone])
    assert [(trouble.message, trouble.more) for trouble in found.shown] == [("no 'f'", 2)]
    assert found.more == 1


def test_plain_values_are_folded_under_a_known_reason() -> None:
    """They say no more than that something is wrong."""
    known = make_test("one", "failed", message="scores differ", hint="transposed")
    plain = [make_test("one", "failed", message=f"{n} values differ") for n in range(4)]
    found = rank_troubles([*plain, known])
    assert [trouble.message for trouble in found.shown] == ["scores differ"]
    assert found.more == 4


def test_a_test_without_points_is_never_folded_and_comes_last() -> None:
    """It is information: neither a cause nor a consequence."""
    free = make_test("one", "raised", message="slow", points=0.0)
    found = rank_troubles([free, make_test("one", "failed", message="no 'f'", cause="missing")])
    assert [trouble.is_free for trouble in found.shown] == [False, True]


def test_a_plain_difference_comes_with_what_its_test_asks() -> None:
    """Without a hint the test's own sentence says most; with one it would be noise."""
    plain = make_test("one", "failed", message="3 values differ", name="Padding changes nothing.")
    known = make_test("one", "failed", message="scores differ", hint="transposed", name="Scores are right.")
    asked = [rank_troubles([test]).shown[0].asked for test in (plain, known)]
    assert asked == ["Padding changes nothing.", ""]


def test_passed_and_concealed_tests_are_no_trouble() -> None:
    """A concealed test has no message."""
    assert rank_troubles([make_test("one"), make_test("one", "failed")]).shown == ()


def test_texts_that_differ_in_numbers_are_one_mistake() -> None:
    """Other inputs have other sizes; another line is another place."""
    texts = ["scores: the shape is [3, 4], expected [3, 1, 4]", "scores: the shape is [1, 6], expected [1, 1, 6]"]
    found = rank_troubles([make_test("one", "failed", message=text, cause="structure") for text in texts])
    assert [(trouble.message, trouble.more) for trouble in found.shown] == [(texts[0], 1)]
    hinted = [make_test("one", "failed", message=text, hint="why", place="m.py, line 3") for text in ("a", "b")]
    assert [trouble.more for trouble in rank_troubles(hinted).shown] == [1]
    raised = [make_test("one", "raised", message="boom", place=f"m.py, line {line}") for line in (3, 4)]
    assert [trouble.more for trouble in rank_troubles(raised).shown] == [0, 0]


def test_a_device_is_no_cause_where_the_result_is_wrong_anyway() -> None:
    """Alone it is one."""
    device = make_test("one", "failed", message="on another device", hint="make it there", category="gpu")
    wrong = make_test("one", "failed", message="values differ")
    free = make_test("one", "failed", message="slow", points=0.0)
    assert [trouble.message for trouble in rank_troubles([device, wrong]).shown] == ["values differ"]
    assert rank_troubles([device, free]).shown[0].message == "on another device"
