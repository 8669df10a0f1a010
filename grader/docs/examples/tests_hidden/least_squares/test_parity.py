"""The same numbers as the reference."""

import cases
import numpy as np
import pytest
import standins

from grader.examiner import assert_parity


@pytest.mark.todo("design", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_columns_are_powers(student, reference, draw):
    """Column k holds the powers k."""
    n, degree = draw.sizes(2, low=4, high=9)
    x = draw.array(n)
    expected = reference.design_matrix(x, degree)
    mistakes = {"the powers fall instead of rising": expected[:, ::-1].copy()}
    assert_parity(student.design_matrix(x, degree), expected, what="the design matrix", mistakes=mistakes)


@pytest.mark.todo("fit", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_coefficients_have_the_least_error(student, draw):
    """They are the least-squares solution, of noisy values too."""
    student.replace(design_matrix=standins.cosine_matrix)
    # Ten coefficients in all, so that none is right by chance.
    fits = [(draw.array(15) * 2, draw.array(15), degree) for degree in (3, 5)]
    found = [student.fit(*inputs) for inputs in fits]
    for one, inputs in zip(found, fits, strict=True):
        assert_parity(one, cases.solve(*inputs), what="the coefficients", precise=cases.solve(*inputs) + 1e-12)


@pytest.mark.todo("error", weight=3)
@pytest.mark.parity
@pytest.mark.gate
def test_error_is_the_mean_of_squares(student, draw):
    """Every point counts the same."""
    student.replace(design_matrix=standins.cosine_matrix)
    inputs = [(draw.array(4), draw.array(9), draw.array(9, scale=draw.number(1, 5))) for _ in range(8)]
    found = [student.mean_squared_error(*each) for each in inputs]
    expected = [float(np.mean((cases.cosine_matrix(x, 3) @ c - y) ** 2)) for c, x, y in inputs]
    assert_parity(found, expected, what="the errors")
