"""Worker processes: they take tasks, they die, they are replaced. The workers are real processes with fake work."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from grader.classroom.executor import Task, TaskResult
from grader.classroom.local_executor import PIPE_BYTES, LocalExecutor
from grader.grading.cache_key import CacheKey
from grader.grading.job import Job
from grader.model.errors import GraderFault, UsageError
from grader.model.report import GradeReport
from grader.tests.support.fake_worker import (
    await_file,
    count,
    open_doomed,
    open_fake,
    open_hanging,
    open_refused,
    read_lines,
)

KEY = CacheKey("", "", "")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the workers' log."""
    return tmp_path_factory.mktemp("workers") / "log"


@pytest.fixture(scope="module")
def pair(log: Path) -> Iterator[LocalExecutor]:
    """Two fake workers for all tests, since a process takes long to start; one that was killed is opened again."""
    executor = LocalExecutor(partial(open_fake, log), 2)
    yield executor
    executor.close()


@pytest.fixture(scope="module")
def single(log: Path) -> Iterator[LocalExecutor]:
    """One fake worker."""
    executor = LocalExecutor(partial(open_fake, log), 1)
    yield executor
    executor.close()


def test_every_worker_rehearses_and_then_works(pair: LocalExecutor, log: Path, tmp_path: Path) -> None:
    """What comes of it is no result; a worker that fails at it is no trouble."""
    for order in ("score 40", "raise"):
        pair.rehearse(make_task(tmp_path, f"rehearsal-{order}", order).job)
        workers = {line.split()[-1] for line in read_lines(log) if line.startswith(f"grade rehearsal-{order} ")}
        assert len(workers) == 2
    pair.submit(make_task(tmp_path, "after", "score 40"))
    assert [result.task.job.student for result in pair.collect()] == ["after"]


def make_task(folder: Path, student: str, order: str, *, avoid: frozenset[str] = frozenset()) -> Task:
    """A task whose submission tells the fake worker what to do."""
    path = folder / f"{student}.py"
    path.write_text(f"# {order}\n")
    return Task(KEY, Job(path, student=student), avoid)


def collect_all(executor: LocalExecutor, number: int) -> dict[str, TaskResult]:
    """Return so many answers, by student."""
    answers: list[TaskResult] = []
    while len(answers) < number:
        answers += executor.collect()
    return {answer.task.job.student: answer for answer in answers}


def read_score(answer: TaskResult) -> float:
    """The score of an answer that is a report."""
    assert answer.graded is not None, answer.trouble
    return GradeReport.model_validate_json(answer.graded.text).score


def test_every_task_is_answered(pair, tmp_path):
    """Two workers share five tasks; each answer says which task it is of."""
    for number in range(5):
        pair.submit(make_task(tmp_path, f"s{number}", f"score {number}"))
    answers = collect_all(pair, 5)
    assert [read_score(answers[f"s{number}"]) for number in range(5)] == [0, 1, 2, 3, 4]


def test_no_worker_is_opened_before_it_is_needed(log):
    """Nothing is started if everything was graded before."""
    executor = LocalExecutor(partial(open_fake, log), 2)
    assert executor.collect() == []
    assert [slot.worker for slot in executor.slots] == [None, None]


def test_there_is_room_until_every_worker_has_a_task_in_reserve(pair, tmp_path):
    """Two for each."""
    tasks = [make_task(tmp_path, f"s{number}", "score 1") for number in range(4)]
    assert [pair.count_room() for task in tasks if pair.submit(task) is None] == [3, 2, 1, 0]
    collect_all(pair, 4)


def test_a_job_that_raises_is_told_and_the_worker_goes_on(single, tmp_path):
    """An answer with the exception's words, and the next job in the same process."""
    name = single.slots[0].name
    single.submit(make_task(tmp_path, "kim", "raise"))
    single.submit(make_task(tmp_path, "lee", "score 5"))
    answers = collect_all(single, 2)
    assert answers["kim"].trouble == "RuntimeError: the worker stumbled over kim"
    assert read_score(answers["lee"]) == 5
    assert single.slots[0].name == name


def test_a_dead_worker_costs_only_the_job_it_was_at(single, tmp_path):
    """The task behind it goes to a new process; only the first one is blamed."""
    name = single.slots[0].name
    for student, order in (("kim", "die"), ("lee", "score 5")):
        single.submit(make_task(tmp_path, student, order))
    answers = collect_all(single, 2)
    assert answers["kim"].trouble == "the worker process ended by itself, with exit code 9"
    assert read_score(answers["lee"]) == 5
    assert answers["lee"].worker != name


def test_a_killed_worker_does_not_disturb_another(pair, log, tmp_path):
    """SIGKILL for the one that is at work; the other one's process stays."""
    pair.submit(make_task(tmp_path, "choi", f"wait {tmp_path / 'never'}"))
    pair.submit(make_task(tmp_path, "yoon", f"wait {tmp_path / 'now'}"))
    os.kill(await_grading(log, "choi"), signal.SIGKILL)
    assert "exit code -9" in collect_all(pair, 1)["choi"].trouble
    (tmp_path / "now").touch()
    assert read_score(collect_all(pair, 1)["yoon"]) == 100


def test_a_worker_killed_while_idle_blames_nobody(single, log, tmp_path):
    """The next task opens another one."""
    single.submit(make_task(tmp_path, "jang", "score 1"))
    collect_all(single, 1)
    os.kill(await_grading(log, "jang"), signal.SIGKILL)
    single.slots[0].worker.process.wait()
    single.submit(make_task(tmp_path, "lim", "score 2"))
    assert read_score(collect_all(single, 1)["lim"]) == 2


def test_a_task_goes_elsewhere(pair, tmp_path):
    """Not to the worker that it avoids, though that one has less to do."""
    pair.submit(make_task(tmp_path, "kim", "score 1"))
    worker = collect_all(pair, 1)["kim"].worker
    pair.submit(make_task(tmp_path, "kim", "score 1", avoid=frozenset({worker})))
    assert collect_all(pair, 1)["kim"].worker != worker


def test_where_there_is_no_elsewhere_the_same_worker_tries_again(single, tmp_path):
    """Better than not at all."""
    single.submit(make_task(tmp_path, "kim", "score 1", avoid=frozenset({single.slots[0].name})))
    assert read_score(collect_all(single, 1)["kim"]) == 1


def test_a_replaced_worker_is_another_process(single, tmp_path):
    """With another name, and the task that waited for it is not lost."""
    single.submit(make_task(tmp_path, "kim", "score 2"))
    single.submit(make_task(tmp_path, "lee", "score 3"))
    (first,) = single.collect()
    single.replace(first.worker)
    assert read_score(collect_all(single, 1)["lee"]) == 3
    assert first.worker != single.slots[0].name


@pytest.mark.parametrize(("kind", "error"), [("usage", UsageError), ("suite", GraderFault)])
def test_a_worker_that_cannot_be_opened_stops_all(tmp_path, kind, error):
    """No other worker would do better: its own words, once, and the right exit code."""
    executor = LocalExecutor(partial(open_refused, kind), 1)
    executor.submit(make_task(tmp_path, "kim", "score 1"))
    with pytest.raises(error, match="no wall here" if kind == "usage" else "the suite is broken"):
        executor.collect()
    executor.close()


@pytest.mark.slow
def test_a_worker_that_dies_while_it_starts_is_given_up(tmp_path):
    """After three tries; where it was the last one, the reason is named."""
    log = tmp_path / "log"
    executor = LocalExecutor(partial(open_doomed, log), 1)
    executor.submit(make_task(tmp_path, "kim", "score 1"))
    with pytest.raises(GraderFault, match=r"no worker can be started: .* exit code 7; is there enough memory"):
        executor.collect()
    assert count(log, "open") == 3
    executor.close()


def test_an_idle_worker_closes_what_it_holds(tmp_path):
    """Its context is left, so that a zygote ends as it should."""
    log = tmp_path / "log"
    executor = LocalExecutor(partial(open_fake, log), 2)
    executor.submit(make_task(tmp_path, "kim", "score 1"))
    collect_all(executor, 1)
    executor.close()
    assert (count(log, "open"), count(log, "close")) == (1, 1)


@pytest.mark.parametrize("order", ["wait never", "hang"])
def test_no_worker_outlives_a_killed_host(tmp_path, order):
    """A worker ends within seconds, during any computation."""
    log = tmp_path / "log"
    make_task(tmp_path, "kim", order)
    command = [sys.executable, "-m", "grader.tests.support.executor_host", str(tmp_path)]
    with subprocess.Popen(command) as host:
        pid = await_grading(log, "kim")
        host.kill()
    killed = time.monotonic()
    await_end(pid)
    assert time.monotonic() - killed < 5


def test_a_stuck_worker_is_replaced_by_its_deadline(tmp_path):
    """The job is answered with the reason; the one behind it goes to a new process and is not held to have failed."""
    log = tmp_path / "log"
    executor = LocalExecutor(partial(open_fake, log, deadline=2.0), 1)
    for student, order in (("kim", "hang"), ("lee", "score 5")):
        executor.submit(make_task(tmp_path, student, order))
    answers = collect_all(executor, 2)
    assert (answers["kim"].graded, answers["kim"].is_stuck) == (None, True)
    assert answers["kim"].trouble == "the worker process did not answer within 2 seconds, and was ended"
    assert read_score(answers["lee"]) == 5
    assert answers["lee"].worker != answers["kim"].worker
    await_end(await_grading(log, "kim"))
    executor.close()


@pytest.mark.slow
def test_a_stuck_worker_does_not_hold_up_another(tmp_path):
    """Their deadlines are looked at one by one."""
    executor = LocalExecutor(partial(open_fake, tmp_path / "log", deadline=2.0), 2)
    executor.submit(make_task(tmp_path, "kim", "hang"))
    for number in range(3):
        executor.submit(make_task(tmp_path, f"s{number}", f"score {number}"))
    answers = collect_all(executor, 4)
    assert [read_score(answers[f"s{number}"]) for number in range(3)] == [0, 1, 2]
    assert answers["kim"].is_stuck
    executor.close()


@pytest.mark.slow
def test_each_job_has_its_own_deadline(tmp_path):
    """Several that take as long as they may together are not stuck, nor is a worker that had nothing to do."""
    executor = LocalExecutor(partial(open_fake, tmp_path / "log", deadline=2.0), 1)
    for number in range(3):
        executor.submit(make_task(tmp_path, f"s{number}", "sleep 0.8"))
    assert [read_score(result) for result in collect_all(executor, 3).values()] == [100] * 3
    time.sleep(2.1)
    executor.submit(make_task(tmp_path, "late", "sleep 0.8"))
    assert read_score(collect_all(executor, 1)["late"]) == 100
    executor.close()


@pytest.mark.slow
def test_a_worker_that_never_opens_is_given_up(tmp_path):
    """After three tries; no job is held to have failed."""
    executor = LocalExecutor(partial(open_hanging, tmp_path / "log"), 1, opening_seconds=0.5)
    executor.submit(make_task(tmp_path, "kim", "score 1"))
    with pytest.raises(GraderFault, match=r"no worker can be started: .* did not answer within 0.5 seconds"):
        executor.collect()
    assert executor.slots == []


@pytest.mark.slow
def test_a_large_job_waits_until_its_worker_reads(tmp_path):
    """Sent ahead to a worker that is stuck, it would hold up this process for ever."""
    executor = LocalExecutor(partial(open_fake, tmp_path / "log", deadline=2.0), 1)
    executor.submit(make_task(tmp_path, "kim", "hang"))
    large = make_task(tmp_path, "lee", "score 5")
    notes = ("x" * 40 * PIPE_BYTES,)
    executor.submit(replace(large, job=replace(large.job, notes=notes)))
    answers = collect_all(executor, 2)
    assert answers["kim"].is_stuck
    assert read_score(answers["lee"]) == 5
    executor.close()


def test_ctrl_c_does_not_reach_a_worker(single, log, tmp_path):
    """It goes to every process of a terminal, and the host decides."""
    single.submit(make_task(tmp_path, "han", f"wait {tmp_path / 'now'}"))
    os.kill(await_grading(log, "han"), signal.SIGINT)
    (tmp_path / "now").touch()
    assert read_score(collect_all(single, 1)["han"]) == 100


def await_grading(log: Path, student: str) -> int:
    """The process that grades a student, once it does."""
    await_file(log)
    while not count(log, f"grade {student} "):
        time.sleep(0.01)
    return int(next(line for line in read_lines(log) if line.startswith(f"grade {student} ")).split()[2])


def await_end(pid: int) -> None:
    """Come back when a process that is no one's child is gone."""
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.01)
