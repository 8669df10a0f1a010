"""The same results as the reference."""

import cases
import pytest
import standins

from grader.examiner import assert_parity


# A gate: where it shows nothing of the right answer, no other test of the TODO counts. So zeros earn no point for being
# a dict. Each TODO needs one. It compares with `assert_parity` or `assert_equal`, and many values at once.
@pytest.mark.todo("totals", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_totals_match_the_reference(student, reference, draw):
    """Every amount is added to its name."""
    entries = cases.draw_entries(draw)
    assert_parity(student.sum_by_name(entries), reference.sum_by_name(entries), what="the totals")


@pytest.mark.todo("leaders", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_leaders_have_the_largest_total(student, draw):
    """The leaders are those whose total is the largest."""
    student.replace(sum_by_name=standins.keep_last)
    entries = cases.draw_entries(draw)
    totals = standins.keep_last(entries)
    largest = max(totals.values()) + 1
    first, second = draw.shuffled(sorted(totals))[:2]
    leaders = student.find_leaders([*entries, (first, largest), (second, largest)])
    assert_parity(leaders, {first, second}, what="the leaders")
