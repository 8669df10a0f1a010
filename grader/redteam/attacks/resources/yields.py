"""Neither sleep nor work: the processor is handed on and on."""

import os


def double(number):
    while True:
        os.sched_yield()
