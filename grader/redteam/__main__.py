"""`python -m grader.redteam [CLASS ...]`: every attack, or those classes; exit status 1 where something is wrong.

Zone: trusted. What `make redteam` runs.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

COURSE = Path(__file__).parent / "course"


def main(kinds: list[str]) -> int:
    """Raid a course of our own, in a folder of our own."""
    with tempfile.TemporaryDirectory(prefix="redteam-") as folder:
        place = Path(folder)
        shutil.copytree(COURSE, place / "course", ignore=shutil.ignore_patterns("__pycache__"))
        temporary = place / "tmp"
        temporary.mkdir()
        # For the workers too. So whatever is left in it was left by this raid, and by nothing else on this machine.
        os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
        os.environ["GRADER_PROJECT"] = str(place / "course")
        from grader.redteam.raid import run_raid  # only now: the course's folder is read when the grader is imported

        return run_raid(place, temporary, kinds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
