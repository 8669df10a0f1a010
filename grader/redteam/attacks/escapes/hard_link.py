"""A second name for a file of the runtime, in a folder that can be written."""

import json
import os


def double(number):
    os.link(json.__file__, "/tmp/redteam-left-link")
