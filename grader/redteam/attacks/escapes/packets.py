"""Packets of its own making."""

import socket


def double(number):
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
