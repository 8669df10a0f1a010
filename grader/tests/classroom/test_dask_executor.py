"""A real Dask scheduler and two real workers, as processes; the work is a fake."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from grader.model.errors import GraderFault, UsageError
from grader.tests.classroom.test_local_executor import await_end, await_grading, collect_all, make_task, read_score
from grader.tests.support.course import load_assignment
from grader.tests.support.fake_worker import await_file, count, open_fake, open_refused

cluster = pytest.importorskip("grader.classroom.dask_executor", reason="no Dask here: pip install 'grader[cluster]'")
# What its packages warn of among themselves is not ours to fix.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@dataclass
class Cluster:
    """A scheduler's address and its worker processes."""

    address: str
    folder: Path
    workers: list["subprocess.Popen[bytes]"]

    def start_worker(self, *labels: str) -> None:
        """One more process, without the nanny that would start it again."""
        arguments = [self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", self.folder]
        self.workers.append(start("worker", *map(str, arguments), *labels))


def start(kind: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """`dask scheduler` or `dask worker`."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers."""
    folder = tmp_path_factory.mktemp("dask")
    where = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(folder / "file")]
    scheduler = start("scheduler", "--no-dashboard", *where)
    await_file(folder / "file")
    found = Cluster(read_address(folder / "file"), folder, [])
    for _ in range(2):
        found.start_worker()
    yield found
    for process in [*found.workers, scheduler]:
        process.kill()
        process.wait()


def read_address(path: Path) -> str:
    """Return the address of the scheduler, once it has written it down."""
    while not (text := path.read_text()):
        pass
    return str(json.loads(text)["address"])


@pytest.fixture(scope="module")
def client(machines: Cluster) -> Iterator["cluster.Client"]:
    """A connection, once both workers are there."""
    with cluster.connect(machines.address) as client:
        client.wait_for_workers(2)
        yield client


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return the path of the workers' log."""
    return tmp_path / "log"


@pytest.fixture
def executor(client, log: Path) -> Iterator["cluster.ClusterExecutor"]:
    """Fake workers in both processes."""
    opened = cluster.open_executor(client, "fake", partial(open_fake, log))
    yield opened
    opened.close()


def test_every_worker_is_prepared_once(client, log, tmp_path):
    """Two openings for six jobs, and two closings when the run is over."""
    executor = cluster.open_executor(client, "fake", partial(open_fake, log))
    for number in range(6):
        executor.submit(make_task(tmp_path, f"s{number}", f"score {number}"))
    answers = collect_all(executor, 6)
    assert [read_score(answers[f"s{number}"]) for number in range(6)] == [0, 1, 2, 3, 4, 5]
    assert count(log, "open") == 2
    executor.close()
    assert count(log, "close") == 2


def test_there_is_room_for_two_tasks_a_worker(executor, tmp_path):
    """As on one machine."""
    tasks = [make_task(tmp_path, f"s{number}", "score 1") for number in range(4)]
    assert [executor.count_room() for task in tasks if executor.submit(task) is None] == [3, 2, 1, 0]
    collect_all(executor, 4)


def test_a_job_that_raises_is_told(executor, tmp_path):
    """With the exception's words."""
    executor.submit(make_task(tmp_path, "kim", "raise"))
    assert collect_all(executor, 1)["kim"].trouble == "RuntimeError: the worker stumbled over kim"


def test_a_task_goes_elsewhere(executor, tmp_path):
    """Not to the worker that it avoids."""
    executor.submit(make_task(tmp_path, "kim", "score 1"))
    worker = collect_all(executor, 1)["kim"].worker
    for student in ("lee", "park", "choi"):
        executor.submit(make_task(tmp_path, student, "score 1", avoid=frozenset({worker})))
    assert worker not in {answer.worker for answer in collect_all(executor, 3).values()}


def test_a_replaced_worker_is_opened_again(executor, log, tmp_path):
    """In another process on the same machine."""
    executor.submit(make_task(tmp_path, "kim", "score 1"))
    executor.replace(collect_all(executor, 1)["kim"].worker)
    assert (count(log, "open"), count(log, "close")) == (3, 1)


def test_job_is_dropped_when_its_run_ends(log, tmp_path):
    """The thread that waits for it comes back, and no other process is opened for it."""
    preparation = cluster.Preparation(partial(open_fake, log))
    preparation.setup(None)
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(preparation.grade, make_task(tmp_path, "kim", f"wait {tmp_path / 'never'}"))
        process = await_grading(log, "kim")
        preparation.teardown(None)
        with pytest.raises(GraderFault, match="the run has ended"):
            job.result(timeout=60)
    await_end(process)
    with pytest.raises(GraderFault, match="the run has ended"):
        preparation.grade(make_task(tmp_path, "lee", "score 1"))
    assert count(log, "open") == 1


def test_machine_is_free_again_when_its_run_ends_amid_a_job(machines, client, log, tmp_path):
    """As when a service is killed while it grades, and started again: the next run is not behind the last one's job."""
    executor = cluster.open_executor(client, "killed", partial(open_fake, log))
    for number in range(2):
        executor.submit(make_task(tmp_path, f"s{number}", f"wait {tmp_path / 'never'}"))
    processes = [await_grading(log, f"s{number}") for number in range(2)]
    client.cancel(list(executor.tasks))
    again = cluster.open_executor(client, "killed", partial(open_fake, log))
    for number in range(2, 6):
        again.submit(make_task(tmp_path, f"s{number}", f"score {number}"))
    answers = collect_all(again, 4)
    assert [read_score(answers[f"s{number}"]) for number in range(2, 6)] == [2, 3, 4, 5]
    for process in processes:
        await_end(process)
    assert count(log, "open") == 4
    again.close()


def test_scheduler_that_was_started_again_is_noticed(client, executor, tmp_path):
    """It knows nothing of the run, nor do its workers. That is no fault of the submission."""
    client.unregister_worker_plugin("fake")
    executor.submit(make_task(tmp_path, "kim", "score 1"))
    with pytest.raises(GraderFault, match="was lost"):
        collect_all(executor, 1)


@pytest.mark.parametrize(("kind", "error"), [("usage", UsageError), ("suite", GraderFault)])
def test_a_worker_that_cannot_be_opened_stops_all(client, kind, error):
    """In its own words; and a worker that joins later is not kept out."""
    with pytest.raises(error, match="no wall here" if kind == "usage" else "the suite is broken"):
        cluster.open_executor(client, f"refused {kind}", partial(open_refused, kind))
    with pytest.raises(ValueError, match="does not exist"):
        client.unregister_worker_plugin(f"refused {kind}")


@pytest.mark.slow
def test_a_stuck_worker_is_replaced_on_its_machine(client, log, tmp_path):
    """The job is answered with the reason; the machine goes on, and no process of the cluster is lost."""
    before = set(client.nthreads())
    executor = cluster.open_executor(client, "stuck", partial(open_fake, log, deadline=2.0))
    executor.submit(make_task(tmp_path, "kim", "hang"))
    result = collect_all(executor, 1)["kim"]
    assert (result.graded, result.is_stuck, result.worker in before) == (None, True, True)
    assert "did not answer within 2 seconds" in result.trouble
    for number in range(4):
        executor.submit(make_task(tmp_path, f"s{number}", f"score {number}"))
    assert [read_score(result) for _, result in sorted(collect_all(executor, 4).items())] == [0, 1, 2, 3]
    executor.close()
    assert set(client.nthreads()) == before


def test_a_worker_that_dies_costs_its_machine_nothing(client, log, tmp_path):
    """As on one machine: only the job that it was at has no result."""
    before = set(client.nthreads())
    executor = cluster.open_executor(client, "dying", partial(open_fake, log))
    executor.submit(make_task(tmp_path, "kim", "die"))
    assert collect_all(executor, 1)["kim"].trouble == "the worker process ended by itself, with exit code 9"
    executor.close()
    assert set(client.nthreads()) == before


def test_a_lost_workers_jobs_go_elsewhere(machines, executor, log, tmp_path):
    """SIGKILL of one of two in the middle of a job: every job is answered, and no worker is left behind."""
    executor.submit(make_task(tmp_path, "kim", f"wait {tmp_path / 'now'}"))
    lost = await_grading(log, "kim")
    for number in range(3):
        executor.submit(make_task(tmp_path, f"s{number}", f"score {number}"))
    os.kill(read_parent(lost), signal.SIGKILL)
    await_end(lost)
    (tmp_path / "now").touch()
    answers = collect_all(executor, 4)
    assert [read_score(answers[f"s{number}"]) for number in range(3)] == [0, 1, 2]
    assert read_score(answers["kim"]) == 100
    assert len({answer.worker for answer in answers.values()}) <= 2


def read_parent(pid: int) -> int:
    """Return the process that started a worker: one of the cluster's."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_worker_that_joins_later_is_prepared(machines, client, executor, log):
    """Before it is given a job."""
    before = len(client.nthreads())
    assert count(log, "open") == before
    machines.start_worker()
    client.wait_for_workers(before + 1)
    assert count(log, "open") == before + 1


def test_without_a_label_nobody_is_asked_about_a_gpu(machines):
    """The message says how a worker gets one."""
    with pytest.raises(UsageError, match=r"no worker .* has a GPU: .*--resources GPU=1"):
        cluster.ask_environment(machines.address, load_assignment("a4_attention"), "bwrap")


def test_jobs_for_a_gpu_go_to_labelled_workers_only(machines, client, log, tmp_path):
    """The others are not even opened, and what a labelled one stumbles over does not go to them."""
    before = len(client.nthreads())
    machines.start_worker("--resources", "GPU=1")
    client.wait_for_workers(before + 1)
    [labelled] = cluster.list_threads(client, {cluster.GPU: 1})
    executor = cluster.open_executor(client, "gpu", partial(open_fake, log), needs_gpu=True)
    for number in range(4):
        executor.submit(make_task(tmp_path, f"s{number}", f"score {number}", avoid=frozenset({labelled})))
    answers = collect_all(executor, 4)
    executor.close()
    assert {answer.worker for answer in answers.values()} == {labelled}
    assert (count(log, "open"), executor.threads) == (1, 1)


def test_no_scheduler_is_told(monkeypatch):
    """With what to start."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(UsageError, match=r"no Dask scheduler answers at '127\.0\.0\.1:1'"):
        cluster.connect("127.0.0.1:1")
