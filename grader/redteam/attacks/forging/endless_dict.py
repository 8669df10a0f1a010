"""A dict that never ends."""

import itertools


class Endless(dict):
    items = lambda self: zip(itertools.count(), itertools.repeat("x" * 1000))


def double(number):
    return Endless()
