"""A thread that computes on after the answer."""

import threading


def spin():
    while True:
        pass


def double(number):
    threading.Thread(target=spin, daemon=True).start()
    return 0
