"""A list that never ends."""

import itertools


class Endless(list):
    __iter__ = lambda self: itertools.repeat(0)


def double(number):
    return Endless()
