"""Tests and a solution of its own, beside it."""


def double(number):
    return 0
