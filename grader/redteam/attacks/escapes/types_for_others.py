"""Keystrokes into somebody's terminal."""

import fcntl


def double(number):
    fcntl.ioctl(0, 0x5412, b"x")
