"""A connection to the world."""

import socket


def double(number):
    socket.create_connection(("1.1.1.1", 53), timeout=1)
