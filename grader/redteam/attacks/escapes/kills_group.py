"""Ends its process group, and the process that started it."""

import os
import signal


def double(number):
    os.kill(0, signal.SIGTERM)
    os.kill(os.getppid(), signal.SIGKILL)
