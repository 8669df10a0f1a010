"""No limit at all."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def attempt(number, *arguments):
    """Make a system call of x86-64; OSError where it is refused."""
    if libc.syscall(ctypes.c_long(number), *arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def double(number):
    attempt(302, 0, 0, (ctypes.c_ulonglong * 2)(2**64 - 1, 2**64 - 1), 0)
