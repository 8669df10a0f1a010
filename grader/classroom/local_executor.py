"""Where jobs run: worker processes on this machine.

`cluster` has the other executor, for many machines. A worker is a process of its own that holds one `grading.Worker`;
what goes to it is a Job, what comes back is the JSON of a report.

Each worker has a pipe to itself. So its end is noticed at once, it is known which job it was at, nobody else's job is
lost with it, and where this process is killed the worker reads the end of its pipe and goes, too.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Protocol, cast

from grader.grading.cache_key import CacheKey
from grader.grading.worker import Job, Worker, open_worker
from grader.model.assignment import Assignment
from grader.model.errors import GraderFault, UsageError


@dataclass(frozen=True)
class GradedJob:
    """What a worker makes of a job: the JSON of a report, the bytes of a recording where there is a new one, and a note
    for the staff."""

    text: str
    recording: bytes = b""
    note: str = ""


Work = Callable[[Job], GradedJob]
# What a worker process does first; the work it yields is done for every job, and its end closes the worker.
WorkerFactory = Callable[[], AbstractContextManager[Work]]

# One job in hand and one in the pipe: a worker does not wait while its last report is being kept.
DEPTH = 2
MAX_LOST_OPENINGS = 3
LEAVE_SECONDS = 10


@dataclass(frozen=True)
class Task:
    """A job, the key of the result it is to have, and the workers that have failed at it."""

    key: CacheKey
    job: Job
    avoid: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TaskResult:
    """What came of a task: a product, or in `trouble` why there is none."""

    task: Task
    worker: str
    text: str = ""
    trouble: str = ""
    recording: bytes = b""
    note: str = ""


def make_result(task: Task, worker: str, product: GradedJob) -> TaskResult:
    """The answer that a product is."""
    return TaskResult(task, worker, text=product.text, recording=product.recording, note=product.note)


class Executor(Protocol):
    """Takes tasks, gives answers as they come; nothing else is asked of a machine or of a cluster."""

    def has_room(self) -> bool:
        """Whether another task would be in work soon."""

    def submit(self, task: Task) -> None:
        """Hand over a task; not to one of the workers it avoids where there is another."""

    def collect(self) -> list[TaskResult]:
        """Wait for at least one answer. Raises UsageError or GraderFault where no worker can be opened."""

    def replace(self, worker: str) -> None:
        """Open another worker in place of that one, which is broken."""

    def close(self) -> None:
        """End every worker, and what it is at."""


@dataclass(frozen=True)
class Reply:
    """What a worker process sends: first whether it is open, then one for each job."""

    product: GradedJob | None = None
    trouble: str = ""
    usage: bool = False


class WorkerProcess:
    """One worker process and this end of its pipe."""

    def __init__(self, opening: WorkerFactory) -> None:
        # Spawned, not forked: a worker must not inherit what this process has imported or opened.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=run_worker, args=(theirs, opening), daemon=True)
        with theirs, ignore_interrupts():
            self.process.start()
        self.ready = False

    def dismiss(self) -> None:
        """Let it leave by itself: it reads the end of its pipe."""
        self.connection.close()

    def end(self) -> int | None:
        """End it, where it does not leave by itself. Its exit code."""
        if self.connection.closed:
            self.process.join(LEAVE_SECONDS)
        self.connection.close()
        self.process.kill()
        self.process.join()
        code = self.process.exitcode
        self.process.close()
        return code


class WorkerSlot:
    """A place for one worker process at a time, and the tasks that are on their way through it."""

    def __init__(self, index: int, opening: WorkerFactory) -> None:
        self.index = index
        self.opening = opening
        self.ended = 0
        self.lost_openings = 0
        self.tasks: list[Task] = []
        self.worker: WorkerProcess | None = None

    @property
    def name(self) -> str:
        """Which worker this is or will be: the next one in the same lane has another name."""
        return f"{self.index}.{self.ended}"

    def send(self, task: Task) -> None:
        """Pass a task on, to a new process where there is none."""
        try:
            self._open().connection.send(task.job)
        except OSError:
            # It is dead. Where it died over a task, reading will tell; where it had none, nobody is to blame.
            if not self.tasks:
                self.end()
                self._open().connection.send(task.job)
        self.tasks.append(task)

    def is_idle(self) -> bool:
        """Whether its process has nothing to do."""
        return self.worker is not None and self.worker.ready and not self.tasks

    def end(self) -> int | None:
        """End its process, where there is one; the next task will open another."""
        if self.worker is None:
            return None
        code = self.worker.end()
        self.worker = None
        self.ended += 1
        return code

    def _open(self) -> WorkerProcess:
        if self.worker is None:
            self.worker = WorkerProcess(self.opening)
        return self.worker


class LocalExecutor:
    """Worker processes on this machine, started as tasks come."""

    def __init__(self, opening: WorkerFactory, workers: int) -> None:
        self.lanes = [WorkerSlot(index, opening) for index in range(1, workers + 1)]

    def has_room(self) -> bool:
        """Whether some worker has no task in reserve."""
        return any(len(lane.tasks) < DEPTH for lane in self.lanes)

    def submit(self, task: Task) -> None:
        """To the least busy worker, if possible to one that has not failed at it."""
        others = [lane for lane in self.lanes if lane.name not in task.avoid]
        min(others or self.lanes, key=lambda lane: len(lane.tasks)).send(task)

    def collect(self) -> list[TaskResult]:
        """Wait for at least one answer; none where nothing was submitted."""
        answers: list[TaskResult] = []
        while not answers and any(lane.tasks for lane in self.lanes):
            lanes = {lane.worker.connection: lane for lane in self.lanes if lane.worker}
            for connection in wait(list(lanes)):
                lane = lanes[cast(Connection, connection)]
                if lane.worker:  # not ended meanwhile, on account of another lane
                    answers += self._hear(lane, lane.worker)
        return answers

    def replace(self, worker: str) -> None:
        """Its other task goes on elsewhere; nobody is blamed for that."""
        for lane in [lane for lane in self.lanes if lane.name == worker]:
            lane.end()
            self._pass_on(lane)

    def close(self) -> None:
        """End every process: an idle one by itself, any other at once."""
        for lane in self.lanes:
            if lane.worker and lane.is_idle():
                lane.worker.dismiss()
        for lane in self.lanes:
            lane.end()

    def _hear(self, lane: WorkerSlot, worker: WorkerProcess) -> list[TaskResult]:
        try:
            reply: Reply = worker.connection.recv()
        except (EOFError, OSError):
            return self._recover(lane, worker)
        if worker.ready and reply.product:
            return [make_result(lane.tasks.pop(0), lane.name, reply.product)]
        if worker.ready:
            return [TaskResult(lane.tasks.pop(0), lane.name, trouble=reply.trouble)]
        if reply.trouble:
            raise UsageError(reply.trouble) if reply.usage else GraderFault(reply.trouble)
        worker.ready, lane.lost_openings = True, 0
        return []

    def _recover(self, lane: WorkerSlot, worker: WorkerProcess) -> list[TaskResult]:
        name = lane.name
        cause = f"the worker process ended by itself, with exit code {lane.end()}"
        if worker.ready:
            answers = [TaskResult(task, name, trouble=cause) for task in lane.tasks[:1]]
            del lane.tasks[:1]
        else:
            answers = []
            self._count_lost_opening(lane, cause)
        self._pass_on(lane)
        return answers

    def _count_lost_opening(self, lane: WorkerSlot, cause: str) -> None:
        lane.lost_openings += 1
        if lane.lost_openings == MAX_LOST_OPENINGS:
            # As when memory does for so many workers and no more: the others go on without it.
            self.lanes.remove(lane)
        if not self.lanes:
            raise GraderFault(f"no worker can be started: {cause}; is there enough memory? try `--jobs 1`")

    def _pass_on(self, lane: WorkerSlot) -> None:
        waiting, lane.tasks = lane.tasks, []
        for task in waiting:
            self.submit(task)


def open_local(
    assignment: Assignment, isolation: str, workers: int, *, device: str | None = None, record: bool = False
) -> AbstractContextManager[LocalExecutor]:
    """Workers for one assignment on this machine, ended with the block."""
    opening = partial(open_grading, assignment, isolation, device=device, record=record)
    return closing(LocalExecutor(opening, workers))


@contextmanager
def open_grading(
    assignment: Assignment, isolation: str, *, device: str | None = None, record: bool = False
) -> Iterator[Work]:
    """What a worker process holds: an examiner and a zygote."""
    with open_worker(assignment, isolation=isolation, device=device) as worker:
        yield partial(_produce, worker, record=record)


def open_rejudging(
    assignment: Assignment, isolation: str, workers: int, *, device: str | None = None
) -> AbstractContextManager[LocalExecutor]:
    """Workers that replay recordings, and start a zygote only for what those do not hold."""
    return closing(LocalExecutor(partial(_open_replaying, assignment, isolation, device), workers))


@contextmanager
def _open_replaying(assignment: Assignment, isolation: str, device: str | None) -> Iterator[Work]:
    with open_worker(assignment, isolation=isolation, device=device, expectant=False) as worker:
        yield partial(_produce, worker, record=True)


def _produce(worker: Worker, job: Job, *, record: bool) -> GradedJob:
    graded = worker.examine(job, record=record)
    return GradedJob(graded.report.model_dump_json(), graded.recording, graded.note)


def run_worker(connection: Connection, opening: WorkerFactory) -> None:
    """Be a worker process until the other end of the pipe is closed."""
    try:
        with opening() as work:
            connection.send(Reply())
            while True:
                connection.send(_do(work, connection.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # nobody is left to work for
    except Exception as error:  # noqa: BLE001 - the edge of a process: what went wrong is told, not printed
        connection.send(_tell(error))


def _do(work: Work, job: Job) -> Reply:
    try:
        return Reply(work(job))
    except Exception as error:  # noqa: BLE001 - the same edge; the next job may go well
        return _tell(error)


def _tell(error: Exception) -> Reply:
    return Reply(trouble=f"{type(error).__name__}: {error}", usage=isinstance(error, UsageError))


@contextmanager
def ignore_interrupts() -> Iterator[None]:
    """For what is started meanwhile, which inherits it: Ctrl-C reaches every process of a terminal, and only the
    first of them is to decide what it means. In the main thread only.
    """
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
