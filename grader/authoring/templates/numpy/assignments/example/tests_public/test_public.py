"""Your own quick check: small examples whose answers can be worked out on paper."""

# Students receive this file. A public test has no weight, and cannot use `reference`.
import numpy as np
import pytest

from grader.examiner import assert_parity

POINTS = np.array([[0.0, 0.0], [3.0, 5.0]])
CENTRES = np.array([[3.0, 4.0], [0.0, 1.0]])


@pytest.mark.todo("distances")
@pytest.mark.behaviour
def test_distances_of_two_points(student):
    """From (0, 0) to (3, 4) it is 5."""
    found = student.pairwise_distances(POINTS, CENTRES)
    assert_parity(found, np.array([[5.0, 1.0], [1.0, 5.0]]), what="the distances")


@pytest.mark.todo("nearest")
@pytest.mark.behaviour
def test_nearest_of_two_points(student):
    """The first point is nearest to the second centre."""
    assert_parity(student.find_nearest(POINTS, CENTRES), np.array([1, 0]), what="the nearest centres")
