"""An exception that does harm when it is described."""

import os


class Hostile(Exception):
    def __str__(self):
        raise SystemExit(0)

    __repr__ = lambda self: os._exit(0)


def double(number):
    raise Hostile
