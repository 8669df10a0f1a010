"""Grade every attack, or some classes of them; exit with 1 if one succeeds.

Run by `make redteam`, or `python -m grader.redteam [--sparse | --cost] [CLASS ...]`.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from grader.redteam.cost import print_costs
from grader.redteam.run import choose_attacks, run_attacks

COURSE = Path(__file__).parent / "course"


def main(words: list[str]) -> int:
    """Run the attacks on a small course, in a temporary folder."""
    parser = argparse.ArgumentParser("python -m grader.redteam", description="Grade hostile submissions in one class.")
    parser.add_argument("classes", nargs="*", metavar="CLASS", help="classes of attacks; default: all")
    parser.add_argument("--sparse", action="store_true", help="every fifth attack, among three honest neighbours each")
    parser.add_argument("--cost", action="store_true", help="what each attack costs a class of twenty honest ones")
    choice = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="redteam-") as folder:
        place = Path(folder)
        shutil.copytree(COURSE, place / "course", ignore=shutil.ignore_patterns("__pycache__"))
        temporary = place / "tmp"
        temporary.mkdir()
        # The workers use it too, so anything left in it was left by this run and by nothing else on this machine.
        os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
        if choice.cost:
            return print_costs(place, choose_attacks(choice.classes))
        return run_attacks(place, temporary, choice.classes, sparse=choice.sparse)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
