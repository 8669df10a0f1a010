"""Waits for somebody to type."""

import sys


def double(number):
    return sys.stdin.readline() or open(0).read() or None
