"""Output without end."""

import os


def double(number):
    for _ in range(2000):
        os.write(1, b"x" * (1 << 16))
        os.write(2, b"x" * (1 << 16))
    return 0
