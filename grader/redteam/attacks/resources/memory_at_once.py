"""A gigabyte at once."""


def double(number):
    return len(bytearray(1 << 30))
