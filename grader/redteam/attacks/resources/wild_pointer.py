"""Memory that is not its own."""

import ctypes


def double(number):
    return ctypes.string_at(0)
