"""The user who may do everything."""

import os


def double(number):
    os.setuid(0)
