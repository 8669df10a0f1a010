"""Lanes: they recover, notice changed tests, and share the memory."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from grader.classroom.batch import BatchOptions
from grader.model.course import Course
from grader.model.digests import digest_suite
from grader.model.errors import GraderFault
from grader.model.submission import Submission
from grader.sandbox.reader import ConfinedReader
from grader.server import lane, workshop
from grader.server.assignments import set_open
from grader.server.labels import translate
from grader.server.people import Role
from grader.server.regrades import begin_regrade
from grader.server.service import Service, choose_warm, open_service
from grader.server.settings import DataFolder
from grader.server.workshop import GradingOptions
from grader.tests.support.fake_class import FakeExecutor
from grader.tests.support.service import LIMITS, PATIENCE, FakeSite, open_fake, open_toy_service
from grader.tests.support.toy import write_project


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make lanes look around more often."""
    monkeypatch.setattr(lane, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(lane, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(lane, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(workshop, "SUPERVISE_SECONDS", 0.05)


def write_course(folder: Path, *names: str) -> Course:
    """Return a course with the toy assignment under several names."""
    for name in names:
        write_project(folder)
        for part in ("assignments", "solutions", "tests_hidden"):
            (folder / part / "toy").rename(folder / part / name)
    return Course(folder)


def wait_for_lanes(service: Service, expected: set[str]) -> None:
    """Wait until just these assignments have workers."""
    end = time.monotonic() + PATIENCE
    while {name for name in list(service.workshop.lanes) if service.workshop.is_ready(name)} != expected:
        assert time.monotonic() < end, service.workshop.lanes
        time.sleep(0.01)


def test_open_assignments_have_workers_before_anyone_hands_in(tmp_path: Path) -> None:
    """As far as half of the free memory reaches; what was handed in last comes first."""
    course, data = write_course(tmp_path / "course", "one", "three", "two"), DataFolder(tmp_path / "data")
    with open_service(course, data, GradingOptions(), limits=LIMITS, open_executor=open_fake) as service:
        wait_for_lanes(service, {"one", "two", "three"})
        site = FakeSite(service)
        site.await_result(site.hand_in(site.call_as("kim"), assignment="two"))
        site.await_result(site.hand_in(site.call_as("kim"), assignment="three"))
        with service.store.write() as connection:
            set_open(connection, "three", is_open=False)
        assert choose_warm(course, service.store, service.queue) == ["two", "one"]


def test_workers_that_nobody_waits_for_leave_half_of_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 9 GB, at 1.8 GB each, two fit into the first half. Someone who waits gets one all the same."""
    opened: list[str] = []
    monkeypatch.setattr(workshop, "read_free_mb", lambda: 9000 - 1800 * len(opened))

    @contextmanager
    def open_counted(options: BatchOptions) -> Iterator[FakeExecutor]:
        opened.append(options.assignment.name)
        with open_fake(options) as executor:
            yield executor

    course, data = write_course(tmp_path / "course", "a", "b", "c", "d"), DataFolder(tmp_path / "data")
    with open_service(course, data, GradingOptions(), limits=LIMITS, open_executor=open_counted) as service:
        wait_for_lanes(service, {"a", "b"})
        site = FakeSite(service)
        site.await_result(site.hand_in(site.call_as("kim"), assignment="d"))
        assert opened == ["a", "b", "d"]


def test_page_says_that_workers_are_being_started(tmp_path: Path) -> None:
    """Until they are there, and the estimate counts the time that this takes."""
    gate = threading.Event()

    @contextmanager
    def open_late(options: BatchOptions) -> Iterator[FakeExecutor]:
        assert gate.wait(PATIENCE)
        with open_fake(options) as executor:
            yield executor

    course, data = write_course(tmp_path / "course", "toy"), DataFolder(tmp_path / "data")
    with open_service(course, data, GradingOptions(), limits=LIMITS, open_executor=open_late) as service:
        site = FakeSite(service)
        client = site.call_as("kim")
        words = translate("en", "opening")
        assert words in client.get("/assignments/toy").text
        submission = site.hand_in(client)
        assert words in client.get(f"/submissions/{submission}").text
        gate.set()
        site.await_result(submission)
        assert words not in client.get("/assignments/toy").text
        assert words not in client.get(f"/submissions/{submission}").text


def test_lane_that_failed_begins_again(tmp_path: Path) -> None:
    """Without a hand; what was queued is graded then."""
    failures = iter([GraderFault("no memory"), GraderFault("no memory")])

    @contextmanager
    def open_at_the_third_try(options: BatchOptions) -> Iterator[FakeExecutor]:
        if (failure := next(failures, None)) is not None:
            raise failure
        with open_fake(options) as executor:
            yield executor

    course, data = Course(write_project(tmp_path / "course")), DataFolder(tmp_path / "data")
    with open_service(course, data, GradingOptions(), limits=LIMITS, open_executor=open_at_the_third_try) as service:
        site = FakeSite(service)
        site.await_result(site.hand_in(site.call_as("kim")))
        assert service.workshop.list_troubles() == []


def test_submissions_that_wait_are_read_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readers meet: neither goes on before the other has begun."""
    both, are_queued, read = threading.Barrier(2), threading.Event(), ConfinedReader.read_submission

    def meet(reader: ConfinedReader, path: Path, **wanted: Any) -> Submission:
        both.wait(PATIENCE / 3)
        return read(reader, path, **wanted)

    @contextmanager
    def open_once_queued(options: BatchOptions) -> Iterator[FakeExecutor]:
        assert are_queued.wait(PATIENCE)
        with open_fake(options) as executor:
            yield executor

    monkeypatch.setattr(ConfinedReader, "read_submission", meet)
    course, data = Course(write_project(tmp_path / "course")), DataFolder(tmp_path / "data")
    with open_service(course, data, GradingOptions(), limits=LIMITS, open_executor=open_once_queued) as service:
        site = FakeSite(service)
        submissions = [site.hand_in(site.call_as(student)) for student in ("kim", "lee")]
        are_queued.set()
        for submission in submissions:
            site.await_result(submission)
        assert service.queue.count_by_state() == {("toy", "graded"): 2}


@pytest.mark.slow
def test_changed_hidden_tests_are_noticed(tmp_path: Path) -> None:
    """Work handed in after the change is graded by the new tests."""
    course = write_project(tmp_path / "course")
    with open_toy_service(course, tmp_path / "data") as service:
        site = FakeSite(service)
        client, digests = site.call_as("kim"), []
        for number in (1, 2):
            submission = site.hand_in(client, f"# score {number}")
            site.await_result(submission)
            report = client.get(f"/api/v1/submissions/{submission}").json()["report"]
            digests.append(report["assignment"]["suite_digest"])
            expected = digest_suite(service.course.load_assignment("toy"))
            assert digests[-1] == expected
            tests = course / "tests_hidden" / "toy" / "test_toy.py"
            tests.write_text(tests.read_text() + "\n# changed\n")
    assert digests[0] != digests[1]


def test_regrade_uses_the_tests_as_they_are_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed tests would be noticed by themselves only seconds later."""
    monkeypatch.setattr(lane, "CHECK_SECONDS", 3600.0)
    course = write_project(tmp_path / "course")
    with open_toy_service(course, tmp_path / "data") as service:
        site = FakeSite(service)
        submission = site.hand_in(site.call_as("kim"))
        site.await_result(submission)
        tests = course / "tests_hidden" / "toy" / "test_toy.py"
        tests.write_text(tests.read_text() + "\n# changed\n")
        begin_regrade(service, service.people.add("prof", Role.STAFF), "toy", ["kim"])
        site.await_result(submission)
        [attempt] = service.open_gradebook("toy").list_results("kim", "toy")
        assert attempt.report.assignment.suite_digest == digest_suite(service.course.load_assignment("toy"))


@pytest.mark.slow
def test_assignments_take_turns_where_the_memory_is_for_one(tmp_path: Path) -> None:
    """A lane without work makes room."""
    course, data = write_course(tmp_path / "course", "other", "toy"), DataFolder(tmp_path / "data")
    options = GradingOptions(lanes=1)
    with open_service(course, data, options, limits=LIMITS, open_executor=open_fake) as service:
        site = FakeSite(service)
        for number, name in enumerate(["toy", "other", "toy"]):
            site.await_result(site.hand_in(site.call_as(f"s{number}"), assignment=name))
            assert len(service.workshop.lanes) <= 1
