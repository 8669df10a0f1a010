"""An exception from a thousand calls deep."""


def fall(depth):
    if depth == 0:
        raise ValueError("bottom")
    fall(depth - 1)


def double(number):
    fall(900)
