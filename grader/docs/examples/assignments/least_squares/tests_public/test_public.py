"""Your own quick check: small examples whose answers can be worked out on paper."""

import numpy as np
import pytest

from grader.examiner import assert_parity

X, Y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])


@pytest.mark.todo("design")
@pytest.mark.behaviour
def test_design_matrix_of_two_points(student):
    """Powers 0, 1 and 2 of 2 and 3."""
    expected = np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 9.0]])
    assert_parity(student.design_matrix(np.array([2.0, 3.0]), 2), expected, what="the design matrix")


@pytest.mark.todo("fit")
@pytest.mark.behaviour
def test_line_through_three_points(student):
    """The line 1 + 2 x."""
    assert_parity(student.fit(X, Y, 1), np.array([1.0, 2.0]), what="the coefficients")


@pytest.mark.todo("error")
@pytest.mark.behaviour
def test_error_of_a_constant(student):
    """The constant 3 is off by 2, 0 and 2."""
    assert_parity(student.mean_squared_error(np.array([3.0]), X, Y), 8 / 3, what="the error")
