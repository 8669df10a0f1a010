"""A process that lives on."""

import os


def double(number):
    if os.fork() == 0:
        os.setsid()
        while True:
            pass
