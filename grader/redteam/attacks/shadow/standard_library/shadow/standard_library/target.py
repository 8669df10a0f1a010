"""Modules of the standard library, beside it."""

import json
import socket
import struct


def double(number):
    return [json.__name__, socket.__name__, struct.__name__]
