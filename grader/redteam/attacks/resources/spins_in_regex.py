"""A pattern that goes back forever."""

import re


def double(number):
    return re.match(r"(a+)+$", "a" * 60 + "b")
