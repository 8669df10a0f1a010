"""Add one attempt after another and print its number, until the disk is full or the process is killed.

`python -m grader.tests.support.gradebook_host RUN COPY` leaves a copy of RUN, with its write-ahead log, where it can.
"""

import shutil
import sys
from itertools import count
from pathlib import Path

from grader.classroom.gradebook import Attempt, open_gradebook
from grader.classroom.run_folder import RunFolder
from grader.grading.cache_key import CacheKey
from grader.model.errors import UsageError
from grader.tests.support.fake_worker import make_report


def main(run: Path, copy: Path) -> None:
    """Add attempts for ever."""
    with open_gradebook(RunFolder(run).gradebook) as gradebook:
        try:
            for number in count():
                gradebook.add_all([Attempt(CacheKey(str(number), "b", "c"), make_report(f"s{number}"))])
                print(number, flush=True)
        except UsageError as error:
            print(error)
    shutil.copytree(run, copy, dirs_exist_ok=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
