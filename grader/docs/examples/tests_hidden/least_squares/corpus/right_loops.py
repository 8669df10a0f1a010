def design_matrix(x, degree):
    columns = [np.ones_like(x)]
    for _ in range(degree):
        columns.append(columns[-1] * x)
    return np.column_stack(columns)


def fit(x, y, degree):
    A = design_matrix(x, degree)
    if A.shape[0] < A.shape[1]:
        raise ValueError("too few points")
    u, s, vt = np.linalg.svd(A, full_matrices=False)
    return vt.T @ ((u.T @ y) / s)


def mean_squared_error(coefficients, x, y):
    values = design_matrix(x, coefficients.size - 1).dot(coefficients)
    return sum((a - b) ** 2 for a, b in zip(values, y)) / len(y)
