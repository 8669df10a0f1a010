"""A message of ten million characters."""


def double(number):
    raise ValueError("<b>" * 3_500_000)
