"""The lanes of a service: which assignments have workers, and how many submissions are graded at once."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
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
# Of the memory that was free at the start, workers that nobody waits for leave this share.
SPARE_SHARE = 0.5


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
        # Assignments to be ready for, the most urgent one last.
        self._wanted: list[str] = []
        self._opening_seconds: float | None = None
        self._free_at_start = read_free_mb()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="workshop", daemon=True)

    def start(self, warm: Sequence[str] = ()) -> None:
        """Put back what an earlier process left behind, and begin.

        `warm` names assignments to be ready for, in this order and as far as the memory reaches.
        """
        self.queue.recover()
        # On a cluster every lane takes memory of each machine, of which this one knows nothing.
        self._wanted = list(reversed(warm[:1] if self.options.dask else warm))
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

    def look_again(self, assignment: str) -> None:
        """Have changed hidden tests noticed before anything more is graded by the old ones."""
        lane = self.lanes.get(assignment)
        if lane is not None:
            lane.look_again()

    def prepare(self, assignment: str) -> None:
        """Have workers ready for an assignment that someone is looking at, if the memory reaches."""
        if assignment not in self.lanes:
            with self._lock:
                self._wanted = [name for name in self._wanted if name != assignment] + [assignment]
            self._news.set()

    def is_ready(self, assignment: str) -> bool:
        """Tell whether an assignment has workers that are open."""
        lane = self.lanes.get(assignment)
        return lane is not None and lane.is_ready

    def estimate_opening(self, assignment: str) -> float | None:
        """Return the seconds until an assignment has workers, by the last opening; None before the first one."""
        if self.is_ready(assignment) or self._opening_seconds is None:
            return 0.0 if self.is_ready(assignment) else None
        lane = self.lanes.get(assignment)
        return max(1.0, self._opening_seconds - (time.monotonic() - lane.began if lane else 0.0))

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

    def _note_opening(self, seconds: float) -> None:
        self._opening_seconds = seconds
        self._news.set()

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
        if not waiting:
            self._warm_up(known)

    def _warm_up(self, known: Sequence[str]) -> None:
        """Open one of the lanes to be ready for: one after the other, and while there is nothing else to do.

        Each takes a processor for seconds.
        """
        if any(lane.is_opening or lane.in_hand for lane in self.lanes.values()) or self._stopping.is_set():
            return
        with self._lock:
            self._wanted = [name for name in self._wanted if name in known and name not in self.lanes]
            name = self._wanted.pop() if self._wanted and self._has_spare_memory() else None
        if name is not None:
            self._open_lane(name)

    def _has_spare_memory(self) -> bool:
        if self.options.lanes:
            return len(self.lanes) < self.options.lanes
        left = read_free_mb() - 2 * WORKER_MB * self.options.jobs
        return not self.lanes or left > SPARE_SHARE * self._free_at_start

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
            on_ready=self._note_opening,
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
