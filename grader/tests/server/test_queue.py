"""The queue: who is next, and what stays after the end of a process."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Connection, delete

from grader.server.queue import Queued, SubmissionQueue, Upload, make_id
from grader.server.schema import SUBMISSIONS
from grader.server.settings import DataFolder, ServiceSite
from grader.server.store import Store, StoreUnavailable, open_store
from grader.tests.support.fake_worker import make_report
from grader.tests.support.postgres import POSTGRES, open_postgres


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A database of either kind."""
    data = DataFolder(tmp_path_factory.mktemp("data"))
    with ExitStack() as stack:
        if request.param == "postgresql" and not POSTGRES:
            pytest.skip("no PostgreSQL here: apt install postgresql")
        address = stack.enter_context(open_postgres()) if request.param == "postgresql" else None
        opened = open_store(data, ServiceSite("course", address, "site"))
        yield opened
        opened.close()


@pytest.fixture
def queue(store: Store) -> SubmissionQueue:
    """An empty queue."""
    with store.write() as connection:
        connection.execute(delete(SUBMISSIONS))
    return SubmissionQueue(store)


def add(queue: SubmissionQueue, student: str, assignment: str = "toy") -> Queued:
    """Queue an upload."""
    return queue.add(Upload(make_id(), assignment, student, "x/toy.py", ("toy.py",), 3))


def finish(queue: SubmissionQueue, queued: Queued, score: float = 100.0) -> None:
    """Note a result."""
    queue.finish(queued.number, make_report(queued.student, score=score), do_nothing)


def do_nothing(connection: Connection, done: Queued) -> None:
    """Do nothing in the transaction of the result."""


def claim_all(queue: SubmissionQueue) -> list[str]:
    """Claim and finish everything; return the ids in their order."""
    order = []
    while (claimed := queue.claim("toy")) is not None:
        order.append(claimed.id)
        finish(queue, claimed)
    return order


def test_queue_is_in_order_of_arrival(queue: SubmissionQueue) -> None:
    """The first to come is the first."""
    ids = [add(queue, student).id for student in ("kim", "lee", "park")]
    assert claim_all(queue) == ids


def test_newest_attempt_takes_the_place_of_the_older_ones(queue: SubmissionQueue) -> None:
    """Handing in again costs no place, and gives none: the older attempts wait behind everybody else."""
    old, other, new = add(queue, "kim").id, add(queue, "lee").id, add(queue, "kim").id
    assert claim_all(queue) == [new, other, old]


def test_uploads_that_arrive_together_are_kept_together(queue: SubmissionQueue) -> None:
    """One wait for the disk serves all of them; what cannot be kept costs only itself."""
    transactions: list[int] = []
    keep = queue._keep

    def keep_slowly(group: Any) -> None:
        transactions.append(len(group))
        time.sleep(0.05)  # for the others to arrive
        keep(group)

    object.__setattr__(queue, "_keep", keep_slowly)
    known = add(queue, "first")
    with ThreadPoolExecutor(20) as people:
        futures = [people.submit(add, queue, f"s{number}") for number in range(19)]
        twice = people.submit(queue.add, Upload(known.id, "toy", "second", "x/toy.py", ("toy.py",), 3))
    ids = {future.result().id for future in futures}
    assert len(ids) == 19 and len(queue.list_of()) == 20
    assert isinstance(twice.exception(), StoreUnavailable)
    assert max(transactions) > 2


def test_one_submission_of_a_student_at_a_time(queue: SubmissionQueue) -> None:
    """The limit holds across assignments."""
    add(queue, "kim")
    add(queue, "kim", "other")
    first = queue.claim("toy")
    assert first is not None and queue.claim("other") is None
    finish(queue, first)
    assert queue.claim("other") is not None


def test_recover_queues_what_was_in_hand(queue: SubmissionQueue) -> None:
    """As after a kill: the same submission is next again, and is graded once."""
    queued = add(queue, "kim")
    assert queue.claim("toy") is not None and queue.claim("toy") is None
    assert queue.recover() == 1
    claimed = queue.claim("toy")
    assert claimed is not None and claimed.id == queued.id
    finish(queue, claimed)
    found = queue.find(queued.id)
    assert found is not None and (found.gradings, found.status) == (1, "graded")


def test_recover_tries_a_fault_again(queue: SubmissionQueue) -> None:
    """A fault is no grade; a result stays."""
    failed, done = add(queue, "kim"), add(queue, "lee")
    fault = make_report("kim", score=0, status="grader_fault", fault="no memory")
    queue.finish(failed.number, fault, do_nothing)
    finish(queue, done)
    assert queue.recover() == 1
    claimed = queue.claim("toy")
    assert claimed is not None and claimed.id == failed.id


def test_place_counts_what_is_ahead_and_estimates_from_results(queue: SubmissionQueue) -> None:
    """Without a result there is no estimate."""
    add(queue, "kim"), add(queue, "lee"), add(queue, "kim")
    last = add(queue, "park")
    assert queue.find_place(last, 1).ahead == 2
    assert queue.find_place(last, 1).seconds is None
    claimed = queue.claim("toy")
    assert claimed is not None
    finish(queue, claimed)
    place = queue.find_place(last, 2)
    assert place.ahead == 1 and place.seconds is not None


def test_result_and_what_belongs_to_it_are_kept_together(queue: SubmissionQueue) -> None:
    """If the second fails, the first is not there either."""
    claimed = add(queue, "kim")

    def fail(connection: Connection, done: Queued) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        queue.finish(claimed.number, make_report("kim"), fail)
    found = queue.find(claimed.id)
    assert found is not None and not found.is_final


def test_longest_wait_ends_when_the_submission_is_claimed(queue: SubmissionQueue) -> None:
    """Nothing waits in an empty queue."""
    assert queue.find_longest_wait() == 0
    add(queue, "kim")
    assert queue.find_longest_wait() > 0
    queue.claim("toy")
    assert queue.find_longest_wait() == 0
