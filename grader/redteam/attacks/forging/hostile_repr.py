"""An object that does harm as soon as somebody prints it."""

import os


class Hostile:
    __repr__ = __str__ = __format__ = lambda self, *args: os._exit(0)
    __getattr__ = lambda self, name: os._exit(0)
    __eq__ = lambda self, other: os._exit(0)
    __hash__ = object.__hash__


def double(number):
    return Hostile()
