"""Sleep, a little at a time."""

import time


def double(number):
    while True:
        time.sleep(0.01)
