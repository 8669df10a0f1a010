"""The stand-in for `design_matrix` while another TODO is tested."""


def cosine_matrix(x, degree):
    """Cosines instead of powers: another basis, for which everything else stays the same."""
    return np.cos(x[:, None] * np.arange(degree + 1))
