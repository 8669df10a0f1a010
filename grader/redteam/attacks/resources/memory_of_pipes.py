"""Buffers of the kernel."""

import fcntl
import os


def double(number):
    for _ in range(10_000):
        _, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 1 << 20)
        os.write(writer, bytes(1 << 20))
