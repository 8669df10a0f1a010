"""`python -m grader.redteam [--sparse] [CLASS ...]`: every attack, or those classes; exit status 1 where one succeeds.

What `make redteam` runs.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from grader.redteam.run import run_raid

COURSE = Path(__file__).parent / "course"


def main(words: list[str]) -> int:
    """Raid a course of our own, in a folder of our own."""
    parser = argparse.ArgumentParser("python -m grader.redteam", description="Grade hostile submissions in one class.")
    parser.add_argument("classes", nargs="*", metavar="CLASS", help="classes of attacks; all where none is named")
    parser.add_argument("--sparse", action="store_true", help="every fifth attack, among three honest neighbours each")
    choice = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="redteam-") as folder:
        place = Path(folder)
        shutil.copytree(COURSE, place / "course", ignore=shutil.ignore_patterns("__pycache__"))
        temporary = place / "tmp"
        temporary.mkdir()
        # For the workers too. So whatever is left in it was left by this raid, and by nothing else on this machine.
        os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
        return run_raid(place, temporary, choice.classes, sparse=choice.sparse)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
