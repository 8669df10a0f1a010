"""The shapes of what comes back."""

# The categories are shape, parity, behaviour and gpu. They group the results that students read.
import pytest
import standins

from grader.examiner import assert_shape


# One TODO, and this test's share of its points: 1 of 1 + 4 + 1 here.
@pytest.mark.todo("distances", weight=1)
@pytest.mark.shape
def test_distances_have_a_row_for_each_point(student, draw):
    """The distances are [N, M]."""
    n, m, d = draw.sizes(3)  # all different, so that a transposed result has another shape
    assert_shape(student.pairwise_distances(draw.array(n, d), draw.array(m, d)), (n, m), what="the distances")


@pytest.mark.todo("nearest", weight=1)
@pytest.mark.shape
def test_nearest_has_one_index_for_each_point(student, draw):
    """The result is [N]."""
    # The stand-in takes the place of `pairwise_distances` in the submission, for this test only.
    student.replace(pairwise_distances=standins.add_up_steps)
    n, m, d = draw.sizes(3)
    assert_shape(student.find_nearest(draw.array(n, d), draw.array(m, d)), (n,), what="the nearest centres")
