"""A request that is only to be kept is never answered."""

import time


class Layer:
    def __init__(self, inputs, outputs):
        time.sleep(10_000)
