"""Your own quick check: small examples whose answers can be worked out on paper."""

# Students receive this file. A public test has no weight, and cannot use `reference`.
import pytest

from grader.examiner import assert_parity

ENTRIES = [("ada", 3), ("bob", 5), ("ada", 2)]


@pytest.mark.todo("totals")
@pytest.mark.behaviour
def test_totals_of_three_entries(student):
    """Ada paid twice."""
    assert_parity(student.sum_by_name(ENTRIES), {"ada": 5, "bob": 5}, what="the totals")


@pytest.mark.todo("leaders")
@pytest.mark.behaviour
def test_two_people_lead(student):
    """Both paid five."""
    assert_parity(student.find_leaders(ENTRIES), {"ada", "bob"}, what="the leaders")
