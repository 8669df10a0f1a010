"""Counters of the processor, which show the work of others."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def attempt(number, *arguments):
    """Make a system call of x86-64; OSError where it is refused."""
    if libc.syscall(ctypes.c_long(number), *arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def double(number):
    attempt(298, 0, 0, -1, -1, 0)
