"""Lengths that do not fit."""

import struct

from grader.wire import frames


def double(number):
    frames.PREFIX = struct.Struct(">II")
    return 0
