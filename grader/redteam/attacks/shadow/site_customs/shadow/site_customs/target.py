"""Modules that Python runs by itself when it starts, beside the submission."""


def double(number):
    return 0
