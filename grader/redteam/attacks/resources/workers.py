"""A pool of processes."""

import multiprocessing


def double(number):
    with multiprocessing.get_context("fork").Pool(8) as pool:
        return pool.map(abs, [number])
