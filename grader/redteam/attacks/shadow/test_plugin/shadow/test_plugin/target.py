"""Plugins and settings of pytest, beside it."""


def double(number):
    return 0
