"""Another program."""

import subprocess


def double(number):
    return subprocess.run(["/bin/sh", "-c", "sleep 1000 & sleep 1000"]).returncode
