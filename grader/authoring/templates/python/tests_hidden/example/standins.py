"""The stand-ins for a TODO while another one is tested, sent to the submission as source text."""


# A stand-in is a plain function, and not the right answer: a submission can read it. The test of `leaders` uses it, so
# a mistake in `sum_by_name` costs no point there.
def keep_last(entries):
    """The last amount of each name."""
    return dict(entries)
