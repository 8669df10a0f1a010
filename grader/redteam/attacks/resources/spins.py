"""A loop that never ends."""


def double(number):
    while True:
        pass
