"""The shapes of what comes back."""

import pytest
import standins

from grader.examiner import assert_shape


@pytest.mark.todo("design", weight=1)
@pytest.mark.shape
def test_design_matrix_has_a_row_for_each_point(student, draw):
    """The matrix is [N, degree + 1]."""
    n, degree = draw.sizes(2, low=4, high=9)
    assert_shape(student.design_matrix(draw.array(n), degree), (n, degree + 1), what="the design matrix")


@pytest.mark.todo("fit", weight=1)
@pytest.mark.shape
def test_there_are_as_many_coefficients_as_powers(student, draw):
    """The coefficients are [degree + 1]."""
    student.replace(design_matrix=standins.cosine_matrix)
    degree = draw.integer(2, 5)
    assert_shape(student.fit(draw.array(12), draw.array(12), degree), (degree + 1,), what="the coefficients")


@pytest.mark.todo("error", weight=1)
@pytest.mark.shape
def test_error_is_one_number(student, draw):
    """A number comes back, not an array."""
    student.replace(design_matrix=standins.cosine_matrix)
    error = student.mean_squared_error(draw.array(3), draw.array(7), draw.array(7))
    assert type(error) is float, "the error is not a number"
