"""A text that is longer than any message may be."""


def double(number):
    return "x" * (9 << 20)
