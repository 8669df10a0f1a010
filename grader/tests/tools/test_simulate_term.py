"""The simulated term: everything that is handed in gets a result, and the clock skips what the host would wait."""

from argparse import Namespace
from pathlib import Path

import pytest

from grader.classroom.executor import DEPTH, Task
from grader.classroom.run_folder import RunFolder
from grader.grading.cache_key import CacheKey
from grader.grading.job import Job
from grader.server.settings import DataFolder
from grader.server.store import open_store
from grader.tests.support.course import load_assignment
from grader.tests.support.fake_worker import make_report
from grader.tools.simulate_term import Clock, Costs, RecordedClass, SimulatedCluster, simulate

SECONDS = 100.0


@pytest.fixture
def recorded() -> RecordedClass:
    """Two reports, each of which took long."""
    texts = tuple(make_report("anyone", score=score).model_dump_json() for score in (40.0, 100.0))
    return RecordedClass(load_assignment("a4_attention"), texts, (SECONDS, SECONDS), (b"first", b"second"))


def test_every_submission_of_a_term_gets_a_result(
    recorded: RecordedClass, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two assignments, three students, two attempts each: the queue is empty, and every student has a report."""
    simulate(recorded, tmp_path / "data", Namespace(submissions=12, students=3, assignments=2, workers=4))
    data = DataFolder(tmp_path / "data")
    store = open_store(data, data.read_site())
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT assignment, status, count(*) FROM server_submissions GROUP BY 1, 2")
        assert rows.all() == [("a0", "graded", 6), ("a1", "graded", 6)]
    store.close()
    for name in ("a0", "a1"):
        run: RunFolder = data.open_run(name)
        assert sorted(run.list_students()) == ["student0", "student1", "student2"]
        assert len(list(run.recordings.iterdir())) == 6
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:5]] == ["3", "6", "9", "12"]


def test_a_simulated_cluster_works_side_by_side_and_skips_the_wait(recorded: RecordedClass) -> None:
    """Four tasks on two workers end after twice the recorded time, and the test does not wait for it."""
    clock, costs = Clock(), Costs()
    cluster = SimulatedCluster(recorded, 2, clock, costs)
    began = clock.read()
    for number in range(2 * DEPTH):
        assert cluster.count_room()
        cluster.submit(Task(CacheKey(str(number), "", ""), Job(Path("work.py"), student="kim")))
    assert not cluster.count_room()
    results = []
    while found := cluster.collect():
        results += found
    assert (len(results), costs.worker_seconds) == (4, 4 * SECONDS)
    assert clock.read() - began == pytest.approx(2 * SECONDS, abs=1.0)
