"""Another program in its place."""

import os


def double(number):
    os.execv("/bin/sh", ["sh", "-c", "sleep 1000"])
