"""The kind of value that comes back."""

# The categories are shape, parity, behaviour and gpu. They group the results that students read.
import cases
import pytest
import standins


# One TODO, and this test's share of its points: 1 of 1 + 4 + 1 here.
@pytest.mark.todo("totals", weight=1)
@pytest.mark.shape
def test_totals_are_a_dict_with_every_name(student, draw):
    """The totals are a dict with each name once."""
    entries = cases.draw_entries(draw)
    totals = student.sum_by_name(entries)
    assert isinstance(totals, dict), "the totals are not a dict"
    assert set(totals) == {name for name, _ in entries}, "the names are not those of the entries"


@pytest.mark.todo("leaders", weight=1)
@pytest.mark.shape
def test_leaders_are_a_set_of_names(student, draw):
    """The leaders are a set of names."""
    # The stand-in takes the place of `sum_by_name` in the submission, for this test only.
    student.replace(sum_by_name=standins.keep_last)
    leaders = student.find_leaders(cases.draw_entries(draw))
    assert isinstance(leaders, set), "the leaders are not a set"
