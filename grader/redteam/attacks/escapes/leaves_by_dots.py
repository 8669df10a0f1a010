"""Upwards, out of the root."""

import os


def double(number):
    os.chdir("/" + "../" * 100)
    return 2 * number if os.path.exists("etc/passwd") or os.path.exists("proc/1") else None
