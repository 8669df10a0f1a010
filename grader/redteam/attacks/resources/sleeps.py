"""Sleep."""

import time


def double(number):
    time.sleep(10_000)
