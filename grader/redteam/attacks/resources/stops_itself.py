"""Stops its own process."""

import os
import signal


def double(number):
    os.kill(os.getpid(), signal.SIGSTOP)
    return 0
