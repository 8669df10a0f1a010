"""The service as a process: the real engine, a kill at any time, an end in order."""

import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.classroom.gradebook import open_gradebook
from grader.model.errors import UsageError
from grader.server.queue import SubmissionQueue
from grader.server.serving import allow_many_connections, open_listener
from grader.server.settings import DataFolder
from grader.server.store import open_store
from grader.tests.support.fake_class import list_rows
from grader.tests.support.service_process import GRADER, ServiceProcess
from grader.tests.support.toy import write_project

RIGHT = "def double(number):\n    return 2 * number  # {}\n\ndef shout(word):\n    return word.upper()\n"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service on the toy course."""
    service = ServiceProcess(write_project(tmp_path / "course"), tmp_path / "data")
    yield service
    service.kill()


def test_port_that_is_taken_is_named() -> None:
    """With what to do."""
    with open_listener("127.0.0.1", 0) as listener, pytest.raises(UsageError, match="--port"):
        open_listener("127.0.0.1", listener.getsockname()[1])


def test_many_pages_may_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system allows it; each of them is an open file. No limit is lowered."""
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: given.append(limits))
    for limits in ((1024, 4096), (1024, 1_000_000), (1024, resource.RLIM_INFINITY), (100_000, 200_000)):
        monkeypatch.setattr(resource, "getrlimit", lambda kind, limits=limits: limits)
        allow_many_connections()
    assert [soft for soft, _ in given] == [4096, 65_536, 65_536, 100_000]


@pytest.mark.slow
def test_submit_waits_and_prints_the_feedback(
    running: ServiceProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It signs in once, and keeps the token in a file that only its owner can read."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    running.add_students("kim")
    (tmp_path / "toy.py").write_text(RIGHT.replace("word.upper()", "word").format(0))
    command = [*GRADER, "submit", str(tmp_path / "toy.py"), "-a", "toy", "--server", running.address]
    first = subprocess.run([*command, "--token", running.tokens["kim"]], capture_output=True, text=True)
    assert first.returncode == 0, first.stderr
    assert "Toy: 60 / 100" in first.stdout and "the word is not in capitals" in first.stdout
    kept = tmp_path / "config" / "grader" / "tokens.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    again = subprocess.run([*command, "--lang", "ko"], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    wrong = subprocess.run([*command, "--token", "wrong"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "token" in wrong.stderr
    assert running.stop() == 0


@pytest.mark.slow
def test_killed_service_grades_every_acknowledged_upload_once(running: ServiceProcess) -> None:
    """Killed before, during and after the first results, without a hand after each start."""
    students = [f"s{number}" for number in range(9)]
    running.add_students(*students)
    sent = {}
    for number, student in enumerate(students):
        sent[student] = running.hand_in(student, RIGHT.format(number))
        if number in (2, 5):
            time.sleep(number)
            running.kill()
            running.start()
    for student, submission in sent.items():
        assert running.await_result(student, submission)["report"]["score"] == 100
    assert running.stop() == 0
    data = DataFolder(running.data)
    store = open_store(data, data.read_site())
    rows = SubmissionQueue(store).list_of()
    store.close()
    assert [(row.student, row.gradings, row.status) for row in rows] == [
        (student, 1, "graded") for student in reversed(students)
    ]
    run = data.open_run("toy")
    with open_gradebook(run.gradebook) as gradebook:
        assert all(len(gradebook.list_results(student, "toy")) == 1 for student in students)
    assert [len(list_rows(f"sqlite:///{run.gradebook}", student)) for student in students] == [1] * len(students)
