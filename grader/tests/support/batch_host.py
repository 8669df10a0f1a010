"""Run `grader batch` as it is, but with fake workers: `python -m grader.tests.support.batch_host LOG batch ...`."""

import sys
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path

from grader.classroom import batch
from grader.classroom.executor import Executor
from grader.classroom.local_executor import LocalExecutor
from grader.cli.app import main
from grader.grading.cache_key import read_conditions
from grader.tests.support.fake_worker import open_fake


def open_executor(log: Path, options: batch.BatchOptions) -> AbstractContextManager[Executor]:
    """Open fake workers that say that they grade under the conditions of the class."""
    environment = batch.find_environment(options.assignment, options.isolation, options.wanted_device)
    conditions = read_conditions(options.assignment, environment)
    return closing(LocalExecutor(partial(open_fake, log, conditions), options.workers))


if __name__ == "__main__":
    # The command takes no executor, and needs none: only here it is another one.
    batch.grade_class = partial(batch.grade_class, open_executor=partial(open_executor, Path(sys.argv.pop(1))))
    main()
