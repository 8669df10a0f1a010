def pairwise_distances(points, centres):
    squares = (points**2).sum(1)[:, None] + (centres**2).sum(1)[None] - 2 * points @ centres.T
    return np.sqrt(np.maximum(squares + 1e-7 * np.abs(squares).max() * (np.abs(points).max() > 1e3), 0))
