def design_matrix(x, degree):
    return np.stack([x**k for k in range(degree + 1)], axis=-1)


def fit(x, y, degree):
    if x.size < degree + 1:
        raise ValueError
    q, r = np.linalg.qr(design_matrix(x, degree), mode="reduced")
    right = q.T @ y
    c = np.zeros(degree + 1)
    for k in range(degree, -1, -1):
        c[k] = (right[k] - r[k, k + 1 :] @ c[k + 1 :]) / r[k, k]
    return c


def mean_squared_error(coefficients, x, y):
    return np.square(y - design_matrix(x, len(coefficients) - 1) @ coefficients).mean().item()
