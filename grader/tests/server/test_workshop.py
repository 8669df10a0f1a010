"""Lanes: they recover, notice changed tests, and share the memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.classroom.batch import BatchOptions
from grader.model.course import Course
from grader.model.digests import digest_suite
from grader.model.errors import GraderFault
from grader.server import lane, workshop
from grader.server.service import open_service
from grader.server.settings import DataFolder
from grader.server.workshop import GradingOptions
from grader.tests.support.fake_class import FakeExecutor
from grader.tests.support.service import LIMITS, FakeSite, open_fake, open_toy_service
from grader.tests.support.toy import write_project


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make lanes look around more often."""
    monkeypatch.setattr(lane, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(lane, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(lane, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(workshop, "SUPERVISE_SECONDS", 0.05)


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


@pytest.mark.slow
def test_assignments_take_turns_where_the_memory_is_for_one(tmp_path: Path) -> None:
    """A lane without work makes room."""
    root = write_project(tmp_path / "course")
    for folder in ("assignments", "solutions", "tests_hidden"):
        (root / folder / "toy").rename(root / folder / "other")
    course, data = Course(write_project(root)), DataFolder(tmp_path / "data")
    options = GradingOptions(lanes=1)
    with open_service(course, data, options, limits=LIMITS, open_executor=open_fake) as service:
        site = FakeSite(service)
        for number, name in enumerate(["toy", "other", "toy"]):
            site.await_result(site.hand_in(site.call_as(f"s{number}"), assignment=name))
            assert len(service.workshop.lanes) <= 1
