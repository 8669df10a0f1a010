"""`grader` and `python -m grader`: a command, and out.

What the shell runs.
"""

import atexit
import os
import sys
from typing import NoReturn

from grader.cli.app import main


def run() -> NoReturn:
    """Run a command and end the process at once, with the command's exit code."""
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    # All that is ours is closed by now. To take torch apart as well, object by object, is a twentieth of a whole grade.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
