"""A function that calls itself."""


def double(number):
    return double(number)
