def pairwise_distances(points, centres):
    return np.linalg.norm(points[:, np.newaxis] - centres, axis=2)


def find_nearest(points, centres):
    return np.argsort(pairwise_distances(points, centres), axis=1, kind="stable")[:, 0]
