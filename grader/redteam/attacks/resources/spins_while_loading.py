"""A loop that never ends, before any function is called."""


def forever(function):
    while True:
        pass


@forever
def double(number):
    return 0
