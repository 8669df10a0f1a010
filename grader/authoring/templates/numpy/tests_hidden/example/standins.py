"""The stand-ins for a TODO while another one is tested, sent to the submission as source text."""


# A stand-in is a plain function, and not the right answer: a submission can read it. The test of `nearest` uses it, so
# a mistake in `pairwise_distances` costs no point there. `np` and `math` are in scope.
def add_up_steps(points, centres):
    """The distance along the axes."""
    return abs(points[:, None, :] - centres[None, :, :]).sum(axis=-1)
