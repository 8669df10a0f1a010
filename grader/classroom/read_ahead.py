"""Read the next submissions of a class side by side, so that one that takes long does not keep the workers waiting."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from grader.grading.job import Job
from grader.model.assignment import Assignment
from grader.model.submission import Submission
from grader.sandbox.jail import choose_isolation
from grader.sandbox.reader import ConfinedReader

SIDE_BY_SIDE = 2
# So many submissions are held in memory before a worker has room for them.
AHEAD = 8


class ReadAhead:
    """Some confined readers that work on the jobs of a class in their order, or on those that come one by one."""

    def __init__(self, jobs: Sequence[Job], assignment: Assignment, isolation: str) -> None:
        """Start nothing yet."""
        self._jobs = jobs
        self._assignment = assignment
        self._futures: dict[int, Future[Submission]] = {}
        level = choose_isolation(isolation)
        self._readers = [ConfinedReader(level) for _ in range(SIDE_BY_SIDE)]
        self._free: SimpleQueue[ConfinedReader] = SimpleQueue()
        for reader in self._readers:
            self._free.put(reader)
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, "read-ahead")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        for reader in self._readers:
            reader.close()

    def begin(self, index: int, job: Job) -> None:
        """Begin to read a submission, as soon as a reader is free."""
        if index not in self._futures:
            self._futures[index] = self._pool.submit(self._read, job)

    def take(self, index: int, job: Job) -> Submission:
        """Return a submission, and begin with those that follow it. Raises what reading it raises."""
        self.begin(index, job)
        for number in range(index + 1, min(index + AHEAD, len(self._jobs))):
            self.begin(number, self._jobs[number])
        return self._futures.pop(index).result()

    def _read(self, job: Job) -> Submission:
        reader = self._free.get()
        try:
            return reader.read_submission(
                job.path, module=self._assignment.module, defines=self._assignment.defines, student=job.student
            )
        finally:
            self._free.put(reader)
