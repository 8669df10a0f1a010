"""Waits for itself."""

import threading


def double(number):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
