"""The functions on difficult inputs."""

import numpy as np
import pytest
import standins

from grader.examiner import assert_parity


@pytest.mark.todo("design", weight=1)
@pytest.mark.behaviour
def test_zero_to_the_zero_is_one(student):
    """The first column is ones for x = 0 as well."""
    assert_parity(student.design_matrix(np.zeros(3), 1), np.array([[1.0, 0.0]] * 3), what="the design matrix")


@pytest.mark.todo("fit", weight=1)
@pytest.mark.behaviour
def test_ill_conditioned_points_keep_their_digits(student):
    """Close points are fitted as QR fits them; the normal equations lose all digits there."""
    student.replace(design_matrix=standins.cosine_matrix)
    x, coefficients = 1 + np.arange(12) * 3e-3, np.array([0.0, 1.0, -2.0, 1.0])
    y = np.cos(x[:, None] * np.arange(4)) @ coefficients
    error = np.abs(student.fit(x, y, 3) - coefficients).max()
    assert error < 1e-6, "the coefficients are off: does the method square the condition number?"


@pytest.mark.todo("fit", weight=1)
@pytest.mark.behaviour
def test_too_few_points_are_an_error(student, student_raises):
    """Three points do not determine five coefficients."""
    student.replace(design_matrix=standins.cosine_matrix)
    with student_raises(ValueError):
        student.fit(np.arange(3.0), np.arange(3.0), 4)


@pytest.mark.todo("error", weight=1)
@pytest.mark.behaviour
def test_error_of_the_same_values_is_zero(student, draw):
    """Values that lie on the curve have no error."""
    student.replace(design_matrix=standins.cosine_matrix)
    x, coefficients = draw.array(6), draw.array(3)
    y = np.cos(x[:, None] * np.arange(3)) @ coefficients
    assert_parity(student.mean_squared_error(coefficients, x, y), 0.0, what="the error")
