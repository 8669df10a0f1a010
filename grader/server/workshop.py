"""The lanes of a service: which assignments have workers, and how many submissions are graded at once."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from grader.classroom.batch import BatchOptions, OpenExecutor, open_workers
from grader.classroom.executor import DEPTH, Executor
from grader.classroom.local_executor import LocalExecutor
from grader.classroom.worker_count import WORKER_MB, read_free_mb
from grader.model.course import Course
from grader.model.report import GradeReport
from grader.server.announcer import Announcer
from grader.server.lane import Lane
from grader.server.queue import Queued, SubmissionQueue
from grader.server.settings import DataFolder
from grader.server.store import StoreUnavailable

LOG = logging.getLogger("grader.server")
SUPERVISE_SECONDS = 1.0
# While others wait for workers, a busy assignment keeps its own for so long.
TURN_SECONDS = 60.0
END_SECONDS = 30.0


@dataclass(frozen=True)
class GradingOptions:
    """The grading of a service: workers for each assignment, the level of isolation, a Dask scheduler, a database."""

    jobs: int = 1
    isolation: str = "bwrap"
    dask: str | None = None
    store: str | None = None
    # The most assignments that have workers at the same time; 0 for as many as the memory holds.
    lanes: int = 0


class Workshop:
    """Gives each assignment with waiting submissions a lane, as far as the memory reaches."""

    def __init__(
        self,
        course: Course,
        data: DataFolder,
        queue: SubmissionQueue,
        options: GradingOptions,
        *,
        announcer: Announcer,
        on_finished: Callable[[Connection, Queued, GradeReport], None],
        open_executor: OpenExecutor | None = None,
    ) -> None:
        self.course, self.data, self.queue, self.options = course, data, queue, options
        self.announcer = announcer
        self.on_finished = on_finished
        self.open_executor = open_executor or open_warm
        self.lanes: dict[str, Lane] = {}
        self.changed_runs: set[str] = set()
        self._prepared: set[str] = set()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="workshop", daemon=True)

    def start(self, warm: str | None = None) -> None:
        """Put back what an earlier process left behind, and begin. `warm` is an assignment to be ready for."""
        self.queue.recover()
        if warm is not None:
            self._open_lane(warm)
        self._supervisor.start()

    def stop(self) -> None:
        """End every lane; what it cannot finish in time is graded after the next start."""
        self._stopping.set()
        self._news.set()
        for lane in list(self.lanes.values()):
            lane.dismiss()
        end = time.monotonic() + END_SECONDS
        for lane in list(self.lanes.values()):
            lane.join(max(0.0, end - time.monotonic()))
        if self._supervisor.is_alive():
            self._supervisor.join(END_SECONDS)

    def notify(self, assignment: str) -> None:
        """Say that a submission waits."""
        lane = self.lanes.get(assignment)
        if lane is not None:
            lane.wake.set()
        else:
            self._news.set()

    def prepare(self, assignment: str) -> None:
        """Have workers ready for an assignment that someone is looking at, if the memory reaches."""
        if assignment not in self.lanes:
            self._prepared.add(assignment)
            self._news.set()

    def list_troubles(self) -> list[str]:
        """Return why assignments are not graded at present."""
        return [f"{lane.assignment}: {lane.trouble}" for lane in list(self.lanes.values()) if lane.trouble]

    def take_changed_runs(self) -> set[str]:
        """Return the assignments with new reports since the last call."""
        with self._lock:
            changed, self.changed_runs = self.changed_runs, set()
        return changed

    def _note_result(self, number: int, report: GradeReport) -> None:
        done = self.queue.finish(
            number, report, lambda connection, queued: self.on_finished(connection, queued, report)
        )
        with self._lock:
            self.changed_runs.add(done.assignment)
        ended = {"submission": done.id, "assignment": done.assignment, "outcome": done.status}
        LOG.info("done", extra=ended)
        self.announcer.announce(done.id)
        # The student's other submissions may begin now.
        for lane in list(self.lanes.values()):
            lane.wake.set()

    def _may_claim(self) -> bool:
        if self.options.dask:
            return True
        return sum(lane.in_hand for lane in list(self.lanes.values())) < self.options.jobs * DEPTH

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look_after()
            except StoreUnavailable as error:
                LOG.error("%s", error)
            self._news.wait(SUPERVISE_SECONDS)
            self._news.clear()

    def _look_after(self) -> None:
        for name, lane in list(self.lanes.items()):
            if not lane.is_alive():
                del self.lanes[name]
        counts = self.queue.count_by_state()
        waiting = [name for (name, state), count in counts.items() if state == "queued" and count]
        known = self.course.list_assignments()
        for name in waiting:
            if name in self.lanes:
                self.lanes[name].wake.set()
            elif name in known and not self._stopping.is_set() and self._make_room(waiting):
                self._open_lane(name)
        while self._prepared:
            name = self._prepared.pop()
            if name not in self.lanes and name in known and len(self.lanes) < self._count_lanes():
                self._open_lane(name)

    def _make_room(self, waiting: list[str]) -> bool:
        """Tell whether another lane may open, and dismiss one where it may not."""
        if len(self.lanes) < self._count_lanes():
            return True
        if any(lane.dismissed.is_set() for lane in self.lanes.values()):
            return False
        now = time.monotonic()
        idle = [lane for lane in self.lanes.values() if lane.assignment not in waiting and not lane.in_hand]
        tired = [lane for lane in self.lanes.values() if now - lane.began > TURN_SECONDS]
        for lane in sorted(idle or tired, key=lambda lane: lane.last_used)[:1]:
            lane.dismiss()
        return False

    def _count_lanes(self) -> int:
        if self.options.lanes:
            return self.options.lanes
        # A lane that is open has taken its memory already.
        return len(self.lanes) + max(0 if self.lanes else 1, read_free_mb() // (2 * WORKER_MB * self.options.jobs))

    def _open_lane(self, name: str) -> None:
        options = self.options
        assignment = self.course.load_assignment(name)
        lane = Lane(
            BatchOptions(assignment, options.isolation, options.jobs, dask=options.dask, gradebook=options.store),
            self.data,
            self.queue,
            may_claim=self._may_claim,
            on_result=self._note_result,
            open_executor=self.open_executor,
        )
        self.lanes[name] = lane
        lane.start()


@contextmanager
def open_warm(options: BatchOptions) -> Iterator[Executor]:
    """Give workers that are ready: a student should not wait for torch."""
    with open_workers(options) as executor:
        if isinstance(executor, LocalExecutor):
            executor.open()
        yield executor
