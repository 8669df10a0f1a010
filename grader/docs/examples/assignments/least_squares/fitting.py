"""Fit a polynomial to points by least squares."""

import numpy as np


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


def design_matrix(x: np.ndarray, degree: int) -> np.ndarray:
    """The powers 0 to `degree` of x [N], as [N, degree + 1]."""
    # TODO design: one column for each power
    matrix = FIXME("design")
    return matrix


def fit(x: np.ndarray, y: np.ndarray, degree: int) -> np.ndarray:
    """The coefficients [degree + 1] with the least squared error. Raises ValueError for too few points."""
    # TODO fit: decompose the design matrix into Q R, and solve R c = Q^T y
    coefficients = FIXME("fit")
    return coefficients


def mean_squared_error(coefficients: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """The mean of the squared differences between the polynomial and y."""
    # TODO error: the polynomial's values are the design matrix times the coefficients
    error = FIXME("error")
    return error
