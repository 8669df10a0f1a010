"""One assignment's way through its workers: a thread that claims submissions and keeps their results.

If anything fails (a worker, the disk, the database, the hidden tests), what was claimed is put back, and the lane
begins again after a pause. A result is kept before it is noted in the queue: if the process ends in between, the
submission is claimed again, and its result found.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from grader.classroom.batch import BatchOptions, BatchRun, OpenExecutor
from grader.classroom.live import open_live_class
from grader.classroom.local_executor import LocalExecutor
from grader.classroom.read_ahead import AHEAD, SIDE_BY_SIDE
from grader.classroom.run_folder import RunFolder
from grader.grading.job import Job
from grader.model.assignment import Assignment
from grader.model.course import Course
from grader.model.digests import digest_suite
from grader.model.errors import GraderError
from grader.model.report import GradeReport
from grader.server.assignments import find_extension
from grader.server.people import People
from grader.server.queue import Queued, SubmissionQueue
from grader.server.settings import DataFolder
from grader.server.store import StoreUnavailable

LOG = logging.getLogger("grader.server")
# A result is noticed at once; a new submission after so long, while another one is being graded.
POLL_SECONDS = 0.05
IDLE_SECONDS = 5.0
# The pause after a failure, which is doubled with each further one.
PAUSE_SECONDS = 5.0
LONGEST_PAUSE = 60.0
# Changed hidden tests are noticed after so long.
CHECK_SECONDS = 3.0


class Lane(threading.Thread):
    """Grades the submissions of one assignment until it is dismissed."""

    def __init__(
        self,
        options: BatchOptions,
        data: DataFolder,
        queue: SubmissionQueue,
        *,
        may_claim: Callable[[], bool],
        on_result: Callable[[int, GradeReport], None],
        on_ready: Callable[[float], None],
        open_executor: OpenExecutor,
    ) -> None:
        name = options.assignment.name
        super().__init__(name=f"lane {name}", daemon=True)
        self.assignment = name
        self.options = options
        self.run_folder: RunFolder = data.open_run(name)
        self.uploads: Path = data.uploads
        self.queue = queue
        self.may_claim = may_claim
        self.on_result = on_result
        self.on_ready = on_ready
        self.open_executor = open_executor
        self.wake = threading.Event()
        self.dismissed = threading.Event()
        self.trouble = ""
        self.in_hand = 0
        self.is_ready = False
        self.failures = 0
        self.began = self.last_used = time.monotonic()
        self._next_check = 0.0
        self._is_outdated = False

    @property
    def is_opening(self) -> bool:
        """Tell whether workers are being started, for the first time or after a failure that is not told yet."""
        return not (self.is_ready or self.trouble or self.dismissed.is_set())

    def dismiss(self) -> None:
        """Have the thread end once what is in hand is done."""
        self.dismissed.set()
        self.wake.set()

    def look_again(self) -> None:
        """Have the thread look at once whether the hidden tests have changed, before it claims anything more."""
        self._next_check = 0.0
        self.wake.set()

    def run(self) -> None:
        """Grade until dismissed; begin again after every failure."""
        while not self.dismissed.is_set():
            try:
                self._grade()
            except GraderError as error:
                self._note_trouble(str(error))
            except Exception as error:
                LOG.exception("the lane failed", extra={"assignment": self.assignment})
                self._note_trouble(f"{type(error).__name__}: {error}")
        self.is_ready = False

    def _grade(self) -> None:
        """Serve the queue until the lane is dismissed, or the course's files have changed."""
        assignment = Course(self.options.assignment.root).load_assignment(self.assignment)
        options, suite = replace(self.options, assignment=assignment), digest_suite(assignment)
        self.began, self.is_ready, self._is_outdated = time.monotonic(), False, False
        with open_live_class(options, self.run_folder, self.on_result, self.open_executor) as batch:
            self.is_ready, self.trouble, self.failures = True, "", 0
            self.on_ready(time.monotonic() - self.began)
            if not self.queue.has_waiting(self.assignment):
                rehearse(batch, assignment)
            self.wake.set()
            while not self.dismissed.is_set() and not self._has_changed(suite):
                self._take(batch, suite)
                if batch.queue:
                    batch.settle(POLL_SECONDS)
                else:
                    self.wake.wait(IDLE_SECONDS)
                self.in_hand = len(batch.queue)
            while batch.queue:
                batch.settle()
            self.in_hand = 0

    def _take(self, batch: BatchRun, suite: str) -> None:
        """Claim as many submissions as the workers have room for, some at a time, which are read side by side."""
        while claimed := self._claim(batch, suite):
            for number, job in claimed.items():
                batch.take(number, job)
            self.in_hand = len(batch.queue)

    def _claim(self, batch: BatchRun, suite: str) -> dict[int, Job]:
        jobs: dict[int, Job] = {}
        while len(jobs) < min(batch.queue.count_room(), AHEAD) and self.wake.is_set() and self.may_claim():
            if self.dismissed.is_set() or self._has_changed(suite):
                break
            # Cleared before the look: what arrives during it sets it again.
            self.wake.clear()
            claimed = self.queue.claim(self.assignment)
            if claimed is None:
                break
            LOG.info("grading", extra={"submission": claimed.id, "assignment": self.assignment})
            self.wake.set()
            self.last_used = time.monotonic()
            jobs[claimed.number] = self._make_job(claimed)
            batch.expect(claimed.number, jobs[claimed.number])
            self.in_hand = len(batch.queue) + len(jobs)
        return jobs

    def _make_job(self, claimed: Queued) -> Job:
        student = People(self.queue.store).find(claimed.student)
        return Job(
            self.uploads / claimed.path,
            claimed.student,
            datetime.fromtimestamp(claimed.received_at, UTC).isoformat(),
            extension_days=find_extension(self.queue.store, self.assignment, claimed.student),
            entry=claimed.id,
            name=student.full_name if student else "",
        )

    def _has_changed(self, suite: str) -> bool:
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + CHECK_SECONDS
            assignment = Course(self.options.assignment.root).load_assignment(self.assignment)
            self._is_outdated = digest_suite(assignment) != suite
        return self._is_outdated

    def _note_trouble(self, trouble: str) -> None:
        self.trouble, self.is_ready, self.in_hand = trouble, False, 0
        LOG.error("not graded at present: %s", trouble, extra={"assignment": self.assignment})
        with suppress(StoreUnavailable):  # then the next start, or the next failure, puts it back
            self.queue.put_back(self.assignment)
        self.dismissed.wait(min(PAUSE_SECONDS * 2**self.failures, LONGEST_PAUSE))
        self.failures = min(self.failures + 1, 10)


def rehearse(batch: BatchRun, assignment: Assignment) -> None:
    """Have this machine's workers grade the solution, so that the first student does not wait for what loads late."""
    executor = batch.queue.executor
    if isinstance(executor, LocalExecutor):
        job = Job(assignment.solution, "rehearsal")
        for index in range(SIDE_BY_SIDE):  # each time another reader
            batch.source.identify(index, job)
        executor.rehearse(job)
