"""The same results as the reference."""

import numpy as np
import pytest
import standins

from grader.examiner import assert_parity


# A gate: where it shows nothing of the right answer, no other test of the TODO counts. So zeros earn no point for
# their shape. Each TODO needs one. It compares with `assert_parity`, and many values at once.
@pytest.mark.todo("distances", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_distances_match_the_reference(student, reference, draw):
    """Every distance is the root of the sum of squares."""
    n, m, d = draw.sizes(3, low=4)
    points, centres = draw.array(n, d), draw.array(m, d)
    expected = reference.pairwise_distances(points, centres)
    assert_parity(
        student.pairwise_distances(points, centres),
        expected,
        what="the distances",
        # Known mistakes, each with the sentence that the student reads.
        mistakes={"the root is missing": expected**2},
    )


@pytest.mark.todo("nearest", weight=4)
@pytest.mark.parity
@pytest.mark.gate
def test_nearest_has_the_smallest_distance(student, draw):
    """The index is that of the smallest distance."""
    student.replace(pairwise_distances=standins.add_up_steps)
    points, centres = draw.array(30, 2), draw.array(6, 2)
    expected = np.argmin(standins.add_up_steps(points, centres), axis=1)
    assert_parity(student.find_nearest(points, centres), expected, what="the nearest centres")
