def fit(x, y, degree):
    if len(x) <= degree:
        raise ValueError("too few points")
    A = design_matrix(x, degree)
    return np.linalg.solve(A.T @ A, A.T @ y)
