"""The first disk, as a device of its own."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def attempt(number, *arguments):
    """Make a system call of x86-64; OSError where it is refused."""
    if libc.syscall(ctypes.c_long(number), *arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def double(number):
    attempt(133, b"/tmp/redteam-left-disk", 0o60666, 0x800)
