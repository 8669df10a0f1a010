"""Something to be done once it is over."""

import atexit
import os
import signal


def leave():
    open("/tmp/redteam-left-at-exit", "w").close()


def double(number):
    atexit.register(leave)
    os.register_at_fork(after_in_child=leave)
    signal.signal(signal.SIGTERM, lambda *args: leave())
    return 0
