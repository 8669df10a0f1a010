def pairwise_distances(points, centres):
    rows = []
    for centre in centres:
        rows.append(((points - centre) ** 2).sum(1) ** 0.5)
    return np.stack(rows, axis=1)


def find_nearest(points, centres):
    distances = pairwise_distances(points, centres)
    return np.array([int(np.argmin(row)) for row in distances])
