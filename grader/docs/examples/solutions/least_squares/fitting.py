# %% [markdown]
# # Least squares
#
# A polynomial of degree `d` through `N` points: the coefficients `c` with the least `|A c - y|²`.
#
# # 최소제곱법
#
# `N`개의 점에 맞춘 `d`차 다항식: `|A c - y|²`을 가장 작게 하는 계수 `c`.

# %%
"""Fit a polynomial to points by least squares."""

import numpy as np


def FIXME(todo: str):
    """Stand where your code goes: running it says which TODO is still open."""
    raise NotImplementedError(f"TODO {todo} is not filled in")


# %%
def design_matrix(x: np.ndarray, degree: int) -> np.ndarray:
    """The powers 0 to `degree` of x [N], as [N, degree + 1]."""
    # TODO design: one column for each power
    ### BEGIN SOLUTION design
    # [N, 1] to the power of [degree + 1] broadcasts to [N, degree + 1]
    matrix = x[:, None] ** np.arange(degree + 1)
    ### STUB
    # matrix = FIXME("design")
    ### END SOLUTION
    return matrix


# %%
def fit(x: np.ndarray, y: np.ndarray, degree: int) -> np.ndarray:
    """The coefficients [degree + 1] with the least squared error. Raises ValueError for too few points."""
    # TODO fit: decompose the design matrix into Q R, and solve R c = Q^T y
    ### BEGIN SOLUTION fit
    if len(x) <= degree:
        raise ValueError(f"{len(x)} points do not determine {degree + 1} coefficients")
    q, r = np.linalg.qr(design_matrix(x, degree))
    coefficients = np.linalg.solve(r, q.T @ y)
    ### STUB
    # coefficients = FIXME("fit")
    ### END SOLUTION
    return coefficients


# %%
def mean_squared_error(coefficients: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """The mean of the squared differences between the polynomial and y."""
    # TODO error: the polynomial's values are the design matrix times the coefficients
    ### BEGIN SOLUTION error
    difference = design_matrix(x, len(coefficients) - 1) @ coefficients - y
    error = float(np.mean(difference**2))
    ### STUB
    # error = FIXME("error")
    ### END SOLUTION
    return error


# %% tags=["notebook"]
x = np.linspace(-1, 1, 20)
y = np.exp(x)
for degree in range(1, 5):
    print(degree, mean_squared_error(fit(x, y, degree), x, y))
