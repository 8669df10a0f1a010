"""Where jobs run: a cluster of Dask's `distributed`.

The machines need this package, the course's folder and the class's folder at the same paths, and the same
GRADER_SECRET. Encryption and everything else about the connection is distributed's own configuration.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Any, cast

from distributed import Client, Future, Worker, as_completed, get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from grader.classroom.local_executor import (
    DEPTH,
    GradedJob,
    Task,
    TaskResult,
    Work,
    WorkerFactory,
    make_result,
    open_grading,
)
from grader.grading.worker import Job, describe_environment
from grader.model.assignment import Assignment
from grader.model.devices import choose_device
from grader.model.errors import GraderError, GraderFault, UsageError
from grader.model.report import Environment
from grader.sandbox.jail import choose_isolation

CONNECT_SECONDS = 30
# The resource label of a machine with a GPU: `dask worker ADDRESS --resources GPU=1`.
GPU = "GPU"


@dataclass(frozen=True)
class CompletedJob:
    """What was made of a job, and the address of the worker that made it."""

    worker: str
    product: GradedJob


class Preparation(WorkerPlugin):
    """Makes a process of the cluster a worker: once, also where it joins later; if need be only one with a GPU."""

    def __init__(self, opening: WorkerFactory, *, needs_gpu: bool = False) -> None:
        self.opening = opening
        self.needs_gpu = needs_gpu

    def setup(self, worker: Worker) -> None:
        """Open. In the process's main thread, since a zygote ends with the thread that started it."""
        self.lock = Lock()
        self.stack = ExitStack()
        if not self.needs_gpu or worker.state.total_resources.get(GPU):
            self.work: Work = self.stack.enter_context(self.opening())

    def teardown(self, worker: Worker) -> None:
        """Close, with the run or with the process."""
        self.stack.close()

    def reopen(self, worker: Worker) -> None:
        """Begin anew."""
        with self.lock:
            self.stack.close()
            self.work = self.stack.enter_context(self.opening())

    def do(self, job: Job) -> GradedJob:
        """One job at a time, however many threads the process has."""
        with self.lock:
            return self.work(job)


class ClusterExecutor:
    """Workers that a Dask scheduler knows of. What a lost worker had to do, the scheduler gives to another."""

    def __init__(self, client: Client, name: str, opening: WorkerFactory, *, needs_gpu: bool = False) -> None:
        """Prepare the workers. Raises GraderError in a worker's own words where one cannot be opened."""
        self.client = client
        self.address = client.scheduler_info()["address"]
        self.name = name
        self.resources = {GPU: 1} if needs_gpu else None
        self.client.register_plugin(Preparation(opening, needs_gpu=needs_gpu), name=name)
        self.completed = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self.tasks: dict[Future[Any], Task] = {}
        self.threads = self._count_threads()

    def has_room(self) -> bool:
        """Whether some worker has no task in reserve."""
        return len(self.tasks) < DEPTH * self.threads

    def submit(self, task: Task) -> None:
        """To any worker, if possible to one that has not failed at it."""
        # Workers have a working directory of their own.
        job = replace(task.job, path=task.job.path.resolve())
        others = sorted(set(list_threads(self.client, self.resources)) - task.avoid) if task.avoid else []
        # A preference: where the others are lost, too, this one will do.
        preference = {"workers": others, "allow_other_workers": True} if others else {}
        future = self.client.submit(grade_on_worker, self.name, job, pure=False, resources=self.resources, **preference)
        self.tasks[future] = task
        self.completed.add(future)

    def collect(self) -> list[TaskResult]:
        """Wait for at least one answer; none where nothing was submitted. Raises GraderFault without a scheduler."""
        if not self.tasks:
            return []
        answers = [self._read(future, result) for future, result in self.completed.next_batch()]
        self.threads = self._count_threads()
        return answers

    def replace(self, worker: str) -> None:
        """Have it begin anew; where it is gone meanwhile, nothing is to be done."""
        self.client.run(reopen_worker, self.name, workers=[worker], on_error="ignore")

    def close(self) -> None:
        """Drop what is not done yet, and leave the workers as they were found."""
        leave(self.client, self.name, list(self.tasks))

    def _read(self, future: Future[Any], result: Any) -> TaskResult:
        task = self.tasks.pop(future)
        if isinstance(result, CompletedJob):
            return make_result(task, result.worker, result.product)
        if future.status == "error":
            _, error, _ = result
            return TaskResult(task, "", trouble=f"{type(error).__name__}: {error}")
        raise GraderFault(
            f"the Dask scheduler at {self.address!r} was lost: what was graded is kept, and the same "
            "command goes on once it is back"
        )

    def _count_threads(self) -> int:
        # Without a worker yet, one task waits for the first that joins.
        return max(1, sum(list_threads(self.client, self.resources).values()))


@contextmanager
def open_cluster(
    address: str, assignment: Assignment, isolation: str, *, device: str | None = None, record: bool = False
) -> Iterator[ClusterExecutor]:
    """The workers of the scheduler at that address, prepared for one assignment; for `cuda` those with a GPU."""
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
    """The environment of the first worker with a GPU. Raises UsageError where none has one."""
    with connect(address) as client:
        if not list_threads(client, {GPU: 1}):
            raise UsageError(
                f"no worker at {address!r} has a GPU: start one with `dask worker ... --resources {GPU}=1`"
            )
        asked = client.submit(read_environment, assignment, isolation, pure=False, resources={GPU: 1})
        return cast(Environment, asked.result())


def read_environment(assignment: Assignment, isolation: str) -> Environment:
    """What runs on a worker with a GPU."""
    device = choose_device(assignment, "cuda")
    return describe_environment(choose_isolation(isolation), device)


def list_threads(client: Client, resources: Mapping[str, int] | None = None) -> dict[str, int]:
    """How many jobs each worker takes at once, by address; only workers that have the resources."""
    workers = client.scheduler_info(n_workers=-1)["workers"].items()
    if not resources:
        return {address: int(worker["nthreads"]) for address, worker in workers}
    labels = {address: worker["resources"] for address, worker in workers}
    return {address: int(label[GPU]) for address, label in labels.items() if label.get(GPU)}


def open_executor(client: Client, name: str, opening: WorkerFactory, *, needs_gpu: bool = False) -> ClusterExecutor:
    """Prepare the workers under a name that two runs must not share. Raises GraderError where one cannot be opened."""
    try:
        return ClusterExecutor(client, name, opening, needs_gpu=needs_gpu)
    except Exception as error:
        # Left there, the plugin would keep every worker out that joins later.
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
        pass  # the scheduler is gone, or has forgotten: there is nothing to leave


def connect(address: str) -> Client:
    """A client. Raises UsageError where no scheduler answers."""
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {address!r} ({error}): start one with `dask scheduler` and pass the address "
            "that it prints"
        ) from error


def grade_on_worker(name: str, job: Job) -> CompletedJob:
    """What runs in a process of the cluster."""
    worker = get_worker()
    return CompletedJob(worker.address, cast(Preparation, worker.plugins[name]).do(job))


def reopen_worker(name: str, dask_worker: Worker) -> None:
    """What runs in a process whose zygote is gone."""
    cast(Preparation, dask_worker.plugins[name]).reopen(dask_worker)
