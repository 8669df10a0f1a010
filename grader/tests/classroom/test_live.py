"""A class that grows: the attempt that counts, with the results in any order."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy import event as sqlalchemy_event

from grader.classroom.gradebook import Attempt, Evidence, open_gradebook
from grader.classroom.live import LiveKeeper
from grader.classroom.run_folder import RunFolder
from grader.grading.cache_key import CacheKey
from grader.grading.job import Job
from grader.model.course import Course
from grader.model.report import GradeReport
from grader.tests.support.fake_worker import make_report
from grader.tests.support.toy import TOML, write_project

BEST = 'attempt = "best"\n' + TOML


class LiveRun:
    """A run whose results are added by hand."""

    def __init__(self, folder: Path, toml: str) -> None:
        self.run = RunFolder(folder / "run")
        self.run.reports.mkdir(parents=True)
        self.gradebook = open_gradebook(self.run.gradebook)
        self.results: list[int] = []
        self.keeper = LiveKeeper(
            assignment=Course(write_project(folder / "course", toml=toml)).load_assignment("toy"),
            run=self.run,
            gradebook=self.gradebook,
            on_result=lambda number, report: self.results.append(number),
        )

    def add(self, number: int, score: float, status: str = "graded") -> None:
        """Add the result of an attempt, handed in at that hour."""
        report = make_report("kim", score=score)
        label = report.submission.model_copy(update={"submitted_at": f"2026-03-01T{number:02}:00:00+00:00"})
        report = report.model_copy(update={"submission": label, "status": status})
        attempt = Attempt(CacheKey(str(number), "s", "e"), report, Evidence(f"/up/{number}/toy.py"))
        self.keeper.add(number, Job(Path(f"/up/{number}/toy.py")), attempt)

    def confirm(self, number: int) -> None:
        """Take the known result of an attempt once more."""
        attempt = self.gradebook.find_result("kim", "toy", Path(f"/elsewhere/{number}/toy.py"))
        assert attempt is not None
        attempt = replace(attempt, evidence=Evidence(f"/up/{number}/toy.py"))
        self.keeper.confirm(number, Job(Path(f"/up/{number}/toy.py")), attempt)

    def read_score(self) -> float:
        """Return the published score."""
        return GradeReport.model_validate_json((self.run.reports / "kim.json").read_bytes()).score


OpenRun = Callable[[str], LiveRun]


@contextmanager
def list_statements() -> Iterator[list[str]]:
    """Give a list that every statement to a database is added to, without those that begin transactions."""
    statements: list[str] = []

    def note(*event: object) -> None:
        if (statement := str(event[2])) != "BEGIN":
            statements.append(statement)

    sqlalchemy_event.listen(Engine, "before_cursor_execute", note)
    yield statements
    sqlalchemy_event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def open_run(tmp_path: Path) -> Iterator[OpenRun]:
    """Open a run under an assignment's description."""
    opened = []

    def open_live(toml: str) -> LiveRun:
        opened.append(LiveRun(tmp_path, toml))
        return opened[-1]

    yield open_live
    for live in opened:
        live.gradebook.close()


@pytest.fixture(params=[(TOML, 30.0), (BEST, 90.0)], ids=["last", "best"])
def counted(request: pytest.FixtureRequest, open_run: OpenRun) -> LiveRun:
    """A run with three attempts, of which the last one was graded first."""
    toml, score = request.param
    live = open_run(toml)
    for number, points in ((3, 30), (1, 90), (2, 60)):
        live.add(number, points)
    assert live.read_score() == score
    return live


def test_attempt_that_counts_is_last_in_the_gradebook(counted: LiveRun) -> None:
    """As after a batch, so that every command finds it."""
    latest = counted.gradebook.find_latest_attempt("kim", "toy")
    assert latest is not None and latest.report.score == counted.read_score()
    assert len(counted.gradebook.list_results("kim", "toy")) == 3


def test_known_result_adds_no_row(counted: LiveRun) -> None:
    """As after a kill between the gradebook and the queue."""
    before = counted.gradebook.list_results("kim", "toy"), counted.read_score()
    for number in (1, 2, 3):
        counted.confirm(number)
    assert (counted.gradebook.list_results("kim", "toy"), counted.read_score()) == before
    assert counted.results[-3:] == [1, 2, 3]


def test_counting_attempt_that_loses_points_is_compared_again(open_run: OpenRun) -> None:
    """Changed tests, say, take points from it: then another one is the best."""
    live = open_run(BEST)
    for number, points in ((1, 90), (2, 60), (1, 20)):
        live.add(number, points)
    assert live.read_score() == 60


def test_fault_does_not_take_the_place_of_a_result(open_run: OpenRun) -> None:
    """The grader's own failure costs a student nothing."""
    live = open_run(TOML)
    live.add(1, 70)
    live.add(2, 0, "grader_fault")
    assert live.read_score() == 70


def test_result_is_kept_without_listing_a_folder(open_run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ten thousand recordings in the run, a look at all of them would take longer than grading."""
    live = open_run(TOML)
    live.add(1, 30)

    def refuse(*arguments: object) -> None:
        raise AssertionError(f"a folder was listed: {arguments}")

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(os, "listdir", refuse)
    live.add(2, 60)
    monkeypatch.undo()
    assert live.read_score() == 60


def test_new_result_is_kept_without_a_look_at_other_attempts(open_run: OpenRun) -> None:
    """However many there are: one look for the attempt that counts, and one for the student's adjustments."""
    live = open_run(TOML)
    live.add(1, 30)
    with list_statements() as statements:
        live.add(2, 60)
    assert [statement.split()[0] for statement in statements] == ["SELECT", "SELECT", "INSERT"]
    assert all("student = ?" in statement for statement in statements[:2])
