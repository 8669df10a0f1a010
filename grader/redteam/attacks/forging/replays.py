"""The last answer, again."""

import builtins


def double(number):
    last = getattr(builtins, "last", 0)
    builtins.last = 2 * number
    return last
