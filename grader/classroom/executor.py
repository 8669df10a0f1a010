"""The executor of a class: it hands jobs to workers and returns their results.

`local_executor` has the one for this machine, `dask_executor` the one for many machines. Both open their workers with
the factories below.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from grader.grading.cache_key import CacheKey
from grader.grading.job import Job
from grader.grading.software import digest_software
from grader.grading.worker import open_worker
from grader.model.assignment import Assignment
from grader.model.course import Course

# One job in hand and one in reserve: a worker does not wait while its last report is being kept.
DEPTH = 2
# A job's limits count computing and sleeping. The clock on the wall also counts the wait for a processor, and reading
# and recording a submission: a job may take four times the sum of its limits, and a minute more. Less would let a
# machine that is overloaded change the result of a submission that meets its limit in every test.
LIMIT_FACTOR = 4
SPARE_SECONDS = 60.0


@dataclass(frozen=True)
class GradedJob:
    """The result of a job: the JSON of a report, a recording where there is a new one, a note for the staff.

    `software` is the digest of the software that graded it.
    """

    text: str
    recording: bytes = b""
    note: str = ""
    software: str = ""


@dataclass(frozen=True)
class OpenWorker:
    """The function that grades a job, and the seconds after which it counts as stuck."""

    grade: Callable[[Job], GradedJob]
    deadline: float


# A worker process enters the context first, uses its work for every job, and leaves the context when it ends.
WorkerFactory = Callable[[], AbstractContextManager[OpenWorker]]


@dataclass(frozen=True)
class Task:
    """A job, the key of its result, and the workers that have failed at it."""

    key: CacheKey
    job: Job
    avoid: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TaskResult:
    """The result of a task: a graded job, or the reason why there is none. `is_stuck` says that it met its deadline."""

    task: Task
    worker: str
    graded: GradedJob | None = None
    trouble: str = ""
    is_stuck: bool = False


class Executor(Protocol):
    """Takes tasks and returns results as they come."""

    def count_room(self) -> int:
        """Return how many more tasks would be started soon."""

    def submit(self, task: Task) -> None:
        """Take a task. It does not go to a worker that it avoids, if there is another."""

    def collect(self, seconds: float | None = None) -> list[TaskResult]:
        """Wait for at least one result, at most so many seconds.

        Raises UsageError or GraderFault where no worker can be opened.
        """

    def replace(self, worker: str) -> None:
        """Open another worker in place of one that is broken."""

    def close(self) -> None:
        """End every worker, and the jobs in hand."""


@contextmanager
def open_grading(
    assignment: Assignment, isolation: str, *, device: str | None = None, record: bool = False, prewarm: bool = True
) -> Iterator[OpenWorker]:
    """Open a worker of an assignment: an examiner and a zygote.

    With `prewarm=False` (to replay recordings) the zygote starts only when it is first needed.
    """
    software = digest_software(Course(assignment.root).datasets)
    with open_worker(assignment, isolation=isolation, device=device, prewarm=prewarm) as worker:

        def grade(job: Job) -> GradedJob:
            graded = worker.examine(job, record=record)
            return GradedJob(graded.report.model_dump_json(), graded.recording, graded.note, software)

        yield OpenWorker(grade, deadline=LIMIT_FACTOR * worker.longest_seconds + SPARE_SECONDS)
