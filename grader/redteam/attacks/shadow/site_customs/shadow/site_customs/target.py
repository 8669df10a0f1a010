"""What Python runs by itself when it starts, beside it."""


def double(number):
    return 0
