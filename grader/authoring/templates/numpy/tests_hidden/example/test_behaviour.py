"""The functions at the edges."""

import numpy as np
import pytest
import standins

from grader.examiner import assert_parity


@pytest.mark.todo("distances", weight=1)
@pytest.mark.behaviour
def test_distance_to_itself_is_zero(student, draw):
    """Equal points have no distance, however far they are from the origin."""
    points = draw.array(4, 3) + 1e6
    assert_parity(np.diag(student.pairwise_distances(points, points)), np.zeros(4), what="the distances to itself")


@pytest.mark.todo("nearest", weight=1)
@pytest.mark.behaviour
def test_first_of_equal_centres_is_taken(student, draw):
    """Of two equal centres the first counts."""
    student.replace(pairwise_distances=standins.add_up_steps)
    centre = draw.array(1, 3)
    found = student.find_nearest(draw.array(5, 3), np.concatenate([centre, centre]))
    assert_parity(found, np.zeros(5, dtype=np.int64), what="the nearest centres")
