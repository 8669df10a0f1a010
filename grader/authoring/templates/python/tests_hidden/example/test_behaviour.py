"""The functions at the edges, and the inputs that they leave alone."""

import cases
import pytest
import standins

from grader.examiner import assert_unchanged


@pytest.mark.todo("totals", weight=1)
@pytest.mark.behaviour
def test_entries_stay_as_they_are(student, draw):
    """The list of entries is not changed."""
    entries = cases.draw_entries(draw)
    # Sent to the submission's side, where the call may change it; then read back.
    theirs = student.define(Keeper)(entries)
    student.sum_by_name(theirs.entries)
    assert_unchanged(entries, [tuple(entry) for entry in theirs.read()], what="the list of entries")


class Keeper:
    """Holds a list on the submission's side."""

    def __init__(self, entries):
        import collections

        # A list type that stays there, since a plain list would travel back as a copy.
        self.entries = collections.UserList(entries)

    def read(self):
        """The list as it is now."""
        return list(self.entries)


@pytest.mark.todo("leaders", weight=1)
@pytest.mark.behaviour
def test_no_entries_are_an_error(student, student_raises):
    """Without entries there is a ValueError."""
    student.replace(sum_by_name=standins.keep_last)
    with student_raises(ValueError):
        student.find_leaders([])
