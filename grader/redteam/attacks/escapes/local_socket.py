"""A socket that others on this machine might listen to."""

import socket


def double(number):
    socket.socket(socket.AF_UNIX).connect("\0redteam")
