"""Pictures of what a public test compared, and the page that shows them."""

import re
from typing import Any

import pytest
import torch

from grader.model.verdict import Outcome, Verdict
from grader.reporting.check_page import draw_pair
from grader.student.findings import Picture
from grader.student.pictures import make_picture

WEIGHTS = torch.tensor([[0.5, 0.5], [1.0, 0.0]])


@pytest.mark.parametrize(
    ("found", "expected", "kind"),
    [
        (WEIGHTS.T, WEIGHTS, "matrix"),
        (WEIGHTS.expand(3, 2, 2), WEIGHTS.expand(3, 2, 2), "matrix"),
        (torch.zeros(5), torch.ones(4), "matrix"),
        ([float(n) for n in range(20)], [1.0] * 20, "curve"),
        (["a", "##b"], ["ab"], "tokens"),
    ],
)
def test_a_picture_is_chosen_by_the_values(found: Any, expected: Any, kind: str) -> None:
    """An attention matrix, a loss, a tokenization."""
    picture = make_picture(found, expected)
    assert picture is not None and picture.kind == kind


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, WEIGHTS),
        (torch.zeros(2), torch.ones(2)),
        (torch.zeros(50, 50), torch.ones(50, 50)),
        (torch.tensor([[float("nan"), 1.0]] * 2), WEIGHTS),
        (torch.zeros(0, 2), WEIGHTS),
        (3.0, 4.0),
        ({"a": 1}, {"a": 2}),
        ([1.0, "x"], [1.0, 2.0]),
        ([[1.0, 2.0], [1.0]], [[1.0, 2.0], [1.0, 2.0]]),
    ],
)
def test_what_no_picture_helps_with_has_none(found: Any, expected: Any) -> None:
    """Too little, too much, or no numbers."""
    assert make_picture(found, expected) is None


def test_a_heat_map_has_a_cell_for_each_value_on_one_scale() -> None:
    """Beside the expected one, so that the structure can be compared."""
    picture = Picture("matrix", ((0.0, 0.5),), ((1.0, 0.0),))
    text = draw_pair(picture, "en")
    assert re.findall(r'fill-opacity="([\d.]+)"', text) == ["0.00", "0.50", "1.00", "0.00"]
    assert text.index("yours") < text.index("expected") and text.count('role="img"') == 2


def test_words_are_text_on_the_page() -> None:
    """A student's tokens may hold markup."""
    text = draw_pair(Picture("tokens", (("<b>",),), (("x",),)), "en")
    assert "<span>&lt;b&gt;</span>" in text and "<b>" not in text


def test_a_curve_stays_in_its_picture() -> None:
    """Equal values give no division by zero."""
    text = draw_pair(Picture("curve", ((2.0,) * 14,), ((2.0,) * 14,)), "ko")
    heights = [
        float(point.split(",")[1]) for points in re.findall(r'points="([^"]+)"', text) for point in points.split()
    ]
    assert len(heights) == 28 and all(0 <= height <= 90 for height in heights)


def test_an_outcome_without_a_comparison_has_no_picture() -> None:
    """Findings of older kits have none either."""
    from grader.student.findings import PublicFinding

    assert PublicFinding("one", "One.", Outcome(Verdict.PASSED)).picture is None
