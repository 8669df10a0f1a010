"""Start one worker, give it a job and wait for ever: `python -m grader.tests.support.executor_host FOLDER`."""

import sys
from functools import partial
from pathlib import Path

from grader.classroom.executor import Task
from grader.classroom.local_executor import LocalExecutor
from grader.grading.cache_key import CacheKey
from grader.grading.job import Job
from grader.tests.support.fake_worker import open_fake

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    executor = LocalExecutor(partial(open_fake, folder / "log"), 1)
    executor.submit(Task(CacheKey("", "", ""), Job(folder / "kim.py", student="kim")))
    executor.collect()
