"""A number with more digits than can be written."""


def double(number):
    return 10**5000
