"""Inputs that several tests share."""

import numpy as np


def cosine_matrix(x, degree):
    """As the stand-in of that name, on our side."""
    return np.cos(x[:, None] * np.arange(degree + 1))


def solve(x, y, degree):
    """The right coefficients for the stand-in's basis."""
    return np.linalg.lstsq(cosine_matrix(x, degree), y, rcond=None)[0]
