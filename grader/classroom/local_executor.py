"""The executor for this machine: worker processes, started as tasks come.

A worker that ends by itself costs only the job it was at. One that does not answer by its deadline is killed.
"""

import math
import time
from contextlib import AbstractContextManager, closing
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import cast

from grader.classroom.executor import DEPTH, Task, TaskResult, WorkerFactory, open_grading
from grader.classroom.worker_process import Failed, WorkerOpened, WorkerProcess, pack_job
from grader.grading.cache_key import CacheKey
from grader.grading.job import Job
from grader.model.assignment import Assignment
from grader.model.errors import GraderFault, UsageError

MAX_LOST_OPENINGS = 3
# Importing torch and collecting a suite takes seconds; on a machine that is short of memory, minutes.
OPENING_SECONDS = 600.0
# A job in reserve is sent ahead only if it surely fits into the pipe: sending a larger one would wait for the worker.
PIPE_BYTES = 32 << 10


class WorkerSlot:
    """A place for one worker process at a time, and the tasks on their way through it."""

    def __init__(self, index: int, factory: WorkerFactory, opening_seconds: float = OPENING_SECONDS) -> None:
        self.index = index
        self.factory = factory
        self.opening_seconds = opening_seconds
        self.ended = 0
        self.lost_openings = 0
        self.tasks: list[Task] = []
        self.sent = 0
        self.worker: WorkerProcess | None = None
        self.started = 0.0

    @property
    def name(self) -> str:
        """Return the name of the worker that is or will be here. Its successor has another name."""
        return f"{self.index}.{self.ended}"

    @property
    def is_ready(self) -> bool:
        """Tell whether there is a process that has opened."""
        return self.worker is not None and self.worker.deadline is not None

    def send(self, task: Task) -> None:
        """Pass a task on, to a new process where there is none."""
        self.tasks.append(task)
        try:
            self._send_ahead()
        except OSError:
            # The process has ended. Where it was at a task, reading says so; where it had none, no task is at fault.
            if len(self.tasks) == 1:
                self.end()
                self._send_ahead()

    def finish_first(self) -> Task:
        """Take out the task that was answered, and start the next one."""
        task = self.tasks.pop(0)
        self.sent -= 1
        self.started = time.monotonic()
        self._send_next()
        return task

    def note_opened(self, deadline: float) -> None:
        """Start the clock of the first task."""
        if self.worker is not None:
            self.worker.deadline = deadline
        self.lost_openings = 0
        self.started = time.monotonic()
        self._send_next()

    def read_seconds_left(self) -> float | None:
        """Return the time until the process counts as stuck; None where nothing is expected of it."""
        if self.worker is None or (self.is_ready and not self.tasks):
            return None
        allowed = self.opening_seconds if self.worker.deadline is None else self.worker.deadline
        return self.started + allowed - time.monotonic()

    def is_stuck(self) -> bool:
        """Tell whether the process has met its deadline without an answer."""
        left = self.read_seconds_left()
        # Where this process itself was stopped for a while, the answer may be there all the same.
        return left is not None and left <= 0 and self.worker is not None and not self.worker.connection.poll()

    def end(self) -> int | None:
        """End the process, if there is one, and return its exit code. The next task opens another."""
        if self.worker is None:
            return None
        code = self.worker.end()
        self.worker = None
        self.sent = 0
        self.ended += 1
        return code

    def open(self) -> None:
        """Start a process where there is none."""
        if self.worker is None:
            self.worker = WorkerProcess(self.factory)
            self.started = time.monotonic()

    def _send_next(self) -> None:
        try:
            self._send_ahead()
        except OSError:
            pass  # the process has ended: reading from it says so, and its tasks go elsewhere

    def _send_ahead(self) -> None:
        self.open()
        while self.worker is not None and self.sent < len(self.tasks):
            if self.is_ready and not self.sent:
                self.started = time.monotonic()
            data = pack_job(self.tasks[self.sent].job)
            if len(data) > PIPE_BYTES and (self.sent or not self.is_ready):
                return
            self.worker.connection.send_bytes(data)
            self.sent += 1


class LocalExecutor:
    """Worker processes on this machine."""

    def __init__(self, factory: WorkerFactory, workers: int, *, opening_seconds: float = OPENING_SECONDS) -> None:
        self.slots = [WorkerSlot(index, factory, opening_seconds) for index in range(1, workers + 1)]

    def count_room(self) -> int:
        """Return how many more tasks there can be until every worker has one in reserve."""
        return sum(max(DEPTH - len(slot.tasks), 0) for slot in self.slots)

    def submit(self, task: Task) -> None:
        """Pass a task to the least busy worker, if possible to one that has not failed at it."""
        if not self.slots:
            raise GraderFault("no worker can be started")
        others = [slot for slot in self.slots if slot.name not in task.avoid]
        min(others or self.slots, key=lambda slot: len(slot.tasks)).send(task)

    def open(self) -> None:
        """Open every worker now, not with its first task. Raises UsageError or GraderFault where one cannot open."""
        while opening := [slot for slot in self.slots if not slot.is_ready]:
            for slot in opening:
                slot.open()
            self._listen()

    def rehearse(self, job: Job) -> None:
        """Have each worker do a job whose result is not wanted: what it loads late is loaded then.

        Raises UsageError or GraderFault where no worker can be opened.
        """
        for slot in list(self.slots):
            slot.send(Task(CacheKey("", "", ""), job))
        while any(slot.tasks for slot in self.slots):
            self.collect()

    def collect(self, seconds: float | None = None) -> list[TaskResult]:
        """Wait for at least one result, at most so many seconds; return none where nothing was submitted."""
        end = math.inf if seconds is None else time.monotonic() + seconds
        results: list[TaskResult] = []
        while not results and any(slot.tasks for slot in self.slots):
            results = self._listen(end)
            if time.monotonic() >= end:
                break
        return results

    def replace(self, worker: str) -> None:
        """End a worker. Its other task goes on elsewhere, and is not held to have failed."""
        for slot in [slot for slot in self.slots if slot.name == worker]:
            slot.end()
            self._pass_on(slot)

    def close(self) -> None:
        """End every process. An idle one leaves by itself, so that it can close its zygote."""
        for slot in self.slots:
            if slot.worker and slot.is_ready and not slot.tasks:
                slot.worker.dismiss()
        for slot in self.slots:
            slot.end()

    def _listen(self, end: float = math.inf) -> list[TaskResult]:
        """Wait for a message, the end of a process, or a deadline, but not beyond `end`."""
        results: list[TaskResult] = []
        slots = {slot.worker.connection: slot for slot in self.slots if slot.worker}
        left = [seconds for slot in self.slots if (seconds := slot.read_seconds_left()) is not None]
        for connection in wait(list(slots), max(0.0, min([*left, end - time.monotonic()]) if left else 0.0)):
            slot = slots[cast(Connection, connection)]
            if slot.worker and slot.worker.connection is connection:  # not ended meanwhile, because of another slot
                results += self._read(slot, slot.worker)
        for slot in [slot for slot in self.slots if slot.is_stuck()]:
            results += self._recover(slot, is_stuck=True)
        return results

    def _read(self, slot: WorkerSlot, worker: WorkerProcess) -> list[TaskResult]:
        try:
            message = worker.read()
        except (EOFError, OSError):
            return self._recover(slot)
        if isinstance(message, WorkerOpened):
            slot.note_opened(message.deadline)
            return []
        if not isinstance(message, Failed):
            return [TaskResult(slot.finish_first(), slot.name, message)]
        if slot.is_ready:
            return [TaskResult(slot.finish_first(), slot.name, trouble=message.trouble)]
        raise UsageError(message.trouble) if message.is_usage else GraderFault(message.trouble)

    def _recover(self, slot: WorkerSlot, *, is_stuck: bool = False) -> list[TaskResult]:
        name, was_ready, worker, in_hand = slot.name, slot.is_ready, slot.worker, slot.sent > 0
        seconds = worker.deadline if worker and worker.deadline is not None else slot.opening_seconds
        code = slot.end()
        trouble = f"the worker process ended by itself, with exit code {code}"
        if is_stuck:
            trouble = f"the worker process did not answer within {seconds:g} seconds, and was ended"
        results = []
        if was_ready and in_hand:
            # Of two tasks it was at the first one.
            results = [TaskResult(task, name, trouble=trouble, is_stuck=is_stuck) for task in slot.tasks[:1]]
            del slot.tasks[:1]
        slot.lost_openings += not was_ready
        if slot.lost_openings == MAX_LOST_OPENINGS:
            # As when there is memory for so many workers and no more: the others go on without it.
            self.slots.remove(slot)
        if not self.slots:
            raise GraderFault(f"no worker can be started: {trouble}; is there enough memory? try `--jobs 1`")
        self._pass_on(slot)
        return results

    def _pass_on(self, slot: WorkerSlot) -> None:
        waiting, slot.tasks = slot.tasks, []
        for task in waiting:
            self.submit(task)


def open_local(
    assignment: Assignment,
    isolation: str,
    workers: int,
    *,
    device: str | None = None,
    record: bool = False,
    prewarm: bool = True,
) -> AbstractContextManager[LocalExecutor]:
    """Return workers for one assignment on this machine, ended with the block."""
    factory = partial(open_grading, assignment, isolation, device=device, record=record, prewarm=prewarm)
    return closing(LocalExecutor(factory, workers))
