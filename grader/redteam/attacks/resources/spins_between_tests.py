"""Loads at once, and never ends when its top level runs again for a test."""

import json


def spin():
    while hasattr(json, "loaded"):
        pass
    json.loaded = True
    return 2


TABLE = {}
for key in ("factor",):
    TABLE[key] = spin()


def double(number):
    return TABLE["factor"] * number
