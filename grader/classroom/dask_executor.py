"""The executor for a cluster of machines: Dask's `distributed`.

The machines need the same package and packages, the course's folder and the class's folder at the same paths, and the
same GRADER_SECRET. Encryption and everything else about the connection is distributed's own configuration.

A worker that is stuck is replaced on its machine by its deadline. A machine that is gone is noticed by the scheduler,
which gives its jobs to another one (`distributed.scheduler.worker-ttl`).
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Event, Lock
from typing import Any, cast

from distributed import Client, Future, Worker, as_completed, get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from grader.classroom.executor import DEPTH, Task, TaskResult, WorkerFactory, open_grading
from grader.classroom.local_executor import LocalExecutor
from grader.grading.description import describe_environment
from grader.model.assignment import Assignment
from grader.model.devices import choose_device
from grader.model.errors import GraderError, GraderFault, UsageError
from grader.model.report import Environment
from grader.sandbox.jail import choose_isolation

CONNECT_SECONDS = 30
POLL_SECONDS = 0.02
# A machine leaves the job of a run that has ended after so long, at the most.
LEAVE_SECONDS = 0.2
# The scheduler lists all of its workers for a count: with 40 of them that takes longer than passing on a result.
RECOUNT_SECONDS = 1.0
# The resource label of a machine with a GPU: `dask worker ADDRESS --resources GPU=1`.
GPU = "GPU"


class Unprepared(Exception):
    """Says that a process of the cluster does not know the run, as after a restart of the scheduler."""


class Preparation(WorkerPlugin):
    """Opens a worker in a process of the cluster: once, also where it joins later; if need be only one with a GPU.

    The worker is a process of its own, so that a job that is stuck or dies costs no process of the cluster.
    """

    def __init__(self, factory: WorkerFactory, *, needs_gpu: bool = False) -> None:
        self.factory = factory
        self.needs_gpu = needs_gpu

    def setup(self, worker: Worker) -> None:
        """Open the worker."""
        self.lock = Lock()
        self.ended = Event()
        self.executor = LocalExecutor(self.factory, 1)
        if not self.needs_gpu or worker.state.total_resources.get(GPU):
            self.executor.open()

    def teardown(self, worker: Worker) -> None:
        """Close the worker, with the run or with the process.

        A run whose process was killed leaves a job here. The next run needs the thread that waits for it.
        """
        self.ended.set()
        with self.lock:
            self.executor.close()

    def reopen(self) -> None:
        """Close the worker, and open another."""
        with self.lock:
            self.executor.close()
            self.executor.open()

    def grade(self, task: Task) -> TaskResult:
        """Grade one job at a time, even if the process has several threads.

        Raises GraderFault where the run ends meanwhile. Only this thread may use the executor while it waits: one that
        another thread closes would never return.
        """
        with self.lock:
            if not self.ended.is_set():
                self.executor.submit(task)
            while not self.ended.is_set():
                if results := self.executor.collect(LEAVE_SECONDS):
                    return results[0]
        raise GraderFault("the run has ended on this machine")


class ClusterExecutor:
    """Workers that a Dask scheduler knows of. The scheduler gives the jobs of a lost machine to another."""

    def __init__(self, client: Client, name: str, factory: WorkerFactory, *, needs_gpu: bool = False) -> None:
        """Prepare the workers. Raises GraderError in a worker's own words where one cannot be opened."""
        self.client = client
        self.address = client.scheduler_info()["address"]
        self.name = name
        self.resources = {GPU: 1} if needs_gpu else None
        self.client.register_plugin(Preparation(factory, needs_gpu=needs_gpu), name=name)
        self.completed = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self.tasks: dict[Future[Any], Task] = {}
        self.threads = self._count_threads()
        self._next_count = time.monotonic() + RECOUNT_SECONDS

    def count_room(self) -> int:
        """Return how many more tasks there can be until every worker has one in reserve."""
        return max(DEPTH * self.threads - len(self.tasks), 0)

    def submit(self, task: Task) -> None:
        """Pass a task to any worker, if possible to one that has not failed at it."""
        # Workers have a working directory of their own.
        here = replace(task, job=replace(task.job, path=task.job.path.resolve()))
        others = sorted(set(list_threads(self.client, self.resources)) - task.avoid) if task.avoid else []
        # A preference: where the others are lost, too, this one will do.
        preference = {"workers": others, "allow_other_workers": True} if others else {}
        future = self.client.submit(
            grade_on_worker, self.name, here, pure=False, resources=self.resources, **preference
        )
        self.tasks[future] = task
        self.completed.add(future)

    def collect(self, seconds: float | None = None) -> list[TaskResult]:
        """Wait for at least one result, at most so many seconds; return none where nothing was submitted.

        Raises GraderFault where the scheduler is gone.
        """
        end = math.inf if seconds is None else time.monotonic() + seconds
        while seconds is not None and self.tasks and not self.completed.has_ready() and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        if not self.tasks or (seconds is not None and not self.completed.has_ready()):
            return []
        results = [self._read(future, result) for future, result in self.completed.next_batch()]
        if time.monotonic() >= self._next_count:
            self.threads = self._count_threads()
            self._next_count = time.monotonic() + RECOUNT_SECONDS
        return results

    def replace(self, worker: str) -> None:
        """Close and reopen a worker. One that is gone needs nothing."""
        self.client.run(reopen_worker, self.name, workers=[worker], on_error="ignore")

    def close(self) -> None:
        """Drop the jobs that are not done yet, and leave the cluster as it was found."""
        leave(self.client, self.name, list(self.tasks))

    def _read(self, future: Future[Any], result: Any) -> TaskResult:
        task = self.tasks.pop(future)
        if isinstance(result, TaskResult):
            return replace(result, task=task)
        error = result[1] if future.status == "error" else None
        if error is not None and not isinstance(error, Unprepared):
            return TaskResult(task, "", trouble=f"{type(error).__name__}: {error}")
        # The client connects by itself to a scheduler that was started again; that one knows nothing of the run.
        raise GraderFault(
            f"the Dask scheduler at {self.address!r} was lost: what was graded is kept, and the same "
            "command goes on once the scheduler is back"
        )

    def _count_threads(self) -> int:
        # Without a worker yet, one task waits for the first that joins.
        return max(1, sum(list_threads(self.client, self.resources).values()))


@contextmanager
def open_cluster(
    address: str, assignment: Assignment, isolation: str, *, device: str | None = None, record: bool = False
) -> Iterator[ClusterExecutor]:
    """Give the workers of a scheduler, prepared for one assignment; for `cuda` only those with a GPU."""
    with connect(address) as client:
        executor = open_executor(
            client,
            f"grader {assignment.name}",
            partial(open_grading, assignment, isolation, device=device, record=record),
            needs_gpu=device == "cuda",
        )
        try:
            yield executor
        finally:
            executor.close()


def ask_environment(address: str, assignment: Assignment, isolation: str) -> Environment:
    """Return the environment of the first worker with a GPU. Raises UsageError where none has one."""
    with connect(address) as client:
        if not list_threads(client, {GPU: 1}):
            raise UsageError(
                f"no worker at {address!r} has a GPU: start one with `dask worker ... --resources {GPU}=1`"
            )
        asked = client.submit(read_environment, assignment, isolation, pure=False, resources={GPU: 1})
        return cast(Environment, asked.result())


def read_environment(assignment: Assignment, isolation: str) -> Environment:
    """Return the environment of the worker that this runs on."""
    device = choose_device(assignment, "cuda")
    return describe_environment(choose_isolation(isolation), device)


def list_threads(client: Client, resources: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return how many jobs each worker takes at once, by address; only workers that have the resources."""
    workers = client.scheduler_info(n_workers=-1)["workers"].items()
    if not resources:
        return {address: int(worker["nthreads"]) for address, worker in workers}
    labels = {address: worker["resources"] for address, worker in workers}
    return {address: int(label[GPU]) for address, label in labels.items() if label.get(GPU)}


def open_executor(client: Client, name: str, factory: WorkerFactory, *, needs_gpu: bool = False) -> ClusterExecutor:
    """Prepare the workers under a name that no two runs share. Raises GraderError where one cannot be opened."""
    try:
        return ClusterExecutor(client, name, factory, needs_gpu=needs_gpu)
    except Exception as error:
        # If it stayed, the plugin would keep out every worker that joins later.
        leave(client, name)
        if isinstance(error, GraderError):
            raise
        raise GraderFault(f"a worker of the cluster cannot be opened: {type(error).__name__}: {error}") from error


def leave(client: Client, name: str, futures: Sequence[Future[Any]] = ()) -> None:
    """Drop these jobs and close the workers of that name."""
    try:
        client.cancel(list(futures))
        client.unregister_worker_plugin(name)
    except (OSError, ValueError):
        pass  # the scheduler is gone, or has forgotten the plugin


def connect(address: str) -> Client:
    """Return a client. Raises UsageError where no scheduler answers."""
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {address!r} ({error}): start one with `dask scheduler` and pass the address "
            "that it prints"
        ) from error


def grade_on_worker(name: str, task: Task) -> TaskResult:
    """Grade a task in a process of the cluster. Raises Unprepared where it does not know the run."""
    worker = get_worker()
    if name not in worker.plugins:
        raise Unprepared(name)
    result = cast(Preparation, worker.plugins[name]).grade(task)
    return replace(result, worker=worker.address)


def reopen_worker(name: str, dask_worker: Worker) -> None:
    """Reopen the worker in a process of the cluster."""
    cast(Preparation, dask_worker.plugins[name]).reopen()
