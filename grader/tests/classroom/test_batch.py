"""A class: what is graded, what is not graded again, what is kept when something ends too early.

The workers are fakes (see `fake_worker`); where processes are killed or interrupted, they are real ones.
"""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.classroom.batch import BatchOptions, grade_class
from grader.classroom.class_folder import list_jobs
from grader.classroom.executor import DEPTH, Task, TaskResult
from grader.cli.app import app
from grader.grading import software
from grader.grading.job import Job
from grader.model.assignment import LatePolicy
from grader.model.errors import SubmissionNotFound, UsageError
from grader.model.report import GradeReport
from grader.reporting.files import make_file_name
from grader.tests.support.fake_class import (
    FakeClass,
    FakeExecutor,
    answer,
    die,
    grade_badly,
    grade_well,
    hang,
    open_fake_executor,
)
from grader.tests.support.fake_worker import CONDITIONS, count, make_report, read_lines
from grader.tests.support.toy import SOLUTION, open_project, write_project


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeClass:
    """A class of two."""
    course = FakeClass(tmp_path, open_project(monkeypatch, tmp_path))
    for student in ("kim", "lee"):
        course.hand_in(student)
    return course


def test_every_student_gets_a_report_a_row_and_a_line(course):
    """reports/, gradebook.db, summary.json and summary.csv."""
    done = course.grade(FakeExecutor(grade_well))
    assert [report.submission.student for report in done.reports] == ["kim", "lee"]
    assert course.read_report("kim").score == 80
    assert len(course.list_scores("lee")) == 1
    assert course.read_summary()["mean_score"] == 80
    with (course.run.folder / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0].values()) == ["kim", "", "80", "100", "graded", "0", "", "60", "20"]
    assert list(rows[0])[:7] == ["student", "name", "score", "max_score", "status", "late_penalty", "refused"]


def test_a_report_is_kept_before_anybody_hears_of_it(course):
    """On the disk and in the gradebook."""

    def check(report: GradeReport) -> None:
        student = report.submission.student
        assert course.read_report(student) == report
        assert course.find_latest(student) == report
        course.reported.append(student)

    course.grade(FakeExecutor(grade_well), on_report=check)
    assert course.reported == ["kim", "lee"]


def test_the_same_command_again_grades_nothing(course):
    """Nothing is submitted, nothing is added; everybody is named of and in the summary."""
    first = course.grade(FakeExecutor(grade_well))
    executor = FakeExecutor(grade_well)
    second = course.grade(executor)
    assert executor.submitted == []
    assert (second.reports, second.kept) == (first.reports, 2)
    assert len(course.list_scores("kim")) == 1
    assert course.reported == ["kim", "lee"] * 2


@pytest.mark.slow
def test_who_handed_in_something_else_is_graded_again(course):
    """And no one else; the earlier attempt is kept."""
    course.grade(FakeExecutor(grade_well))
    course.hand_in("lee", "another text")
    executor = FakeExecutor(grade_well)
    course.grade(executor)
    assert [task.job.student for task in executor.submitted] == ["lee"]
    assert len(course.list_scores("lee")) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "conditions",
    [
        replace(CONDITIONS, suite="f" * 64),
        replace(CONDITIONS, environment=CONDITIONS.environment.model_copy(update={"torch": "3"})),
    ],
    ids=["suite", "environment"],
)
def test_another_suite_or_environment_grades_everybody_again(course, conditions):
    """Each is part of the key."""
    course.grade(FakeExecutor(grade_well))
    executor = FakeExecutor(grade_badly)
    course.grade(executor, conditions=conditions)
    assert {task.job.student for task in executor.submitted} == {"kim", "lee"}


@pytest.mark.slow
def test_force_grades_everybody_again(course):
    """As one more attempt."""
    course.grade(FakeExecutor(grade_well))
    executor = FakeExecutor(grade_well)
    assert course.grade(executor, force=True).kept == 0
    assert len(executor.submitted) == 2
    assert len(course.list_scores("kim")) == 2


def test_the_same_work_is_graded_once_for_all_who_handed_it_in(course):
    """Each gets the report under their own name."""
    for student in ("choi", "park"):
        folder = course.submissions / student
        folder.mkdir()
        (folder / "toy.py").write_text("def double(number):\n    return number * 2\n")
    executor = FakeExecutor(grade_well)
    course.grade(executor)
    assert [task.job.student for task in executor.submitted] == ["choi", "kim", "lee"]
    assert course.read_report("park").submission.student == "park"
    assert len(course.list_scores("park")) == 1


@pytest.mark.slow
def test_a_former_version_handed_in_again_counts_again(course):
    """It is not graded again, but it is the student's last attempt."""
    course.grade(FakeExecutor(grade_well))
    former = course.read_report("kim")
    course.hand_in("kim", "a second version")
    course.grade(FakeExecutor(grade_well))
    course.hand_in("kim")
    executor = FakeExecutor(grade_well)
    course.grade(executor)
    assert executor.submitted == []
    assert course.read_report("kim") == former
    assert len(course.list_scores("kim")) == 3


@pytest.mark.slow
def test_a_report_that_was_deleted_comes_back(course):
    """The gradebook is what counts; the files are copies of it."""
    course.grade(FakeExecutor(grade_well))
    report = course.read_report("kim")
    (course.run.reports / "kim.json").unlink()
    course.grade(FakeExecutor(grade_well))
    assert course.read_report("kim") == report


def test_a_fault_is_tried_twice_more_elsewhere(course):
    """Each time with the workers that failed before as those to avoid."""
    executor = FakeExecutor(grade_badly)
    course.grade(executor, jobs=[Job(course.submissions / "kim.py", student="kim")])
    assert [set(task.avoid) for task in executor.submitted] == [set(), {"w1"}, {"w1", "w2"}]


def test_a_fault_that_stays_is_told_and_not_scored(course):
    """No zero in the gradebook, none in the summary, and the reason."""
    done = course.grade(FakeExecutor(lambda task: grade_badly(task) if task.job.student == "kim" else grade_well(task)))
    assert done.warnings == ["kim: not graded, the grader failed: the zygote is gone"]
    assert course.list_scores("kim") == [None]
    summary = course.read_summary()
    assert summary["mean_score"] == 80
    assert summary["students"][0] == {
        "student": "kim",
        "name": "",
        "score": None,
        "status": "grader_fault",
        "late_penalty": 0,
    }


@pytest.mark.slow
def test_a_fault_that_passes_is_forgotten(course):
    """The second worker's report is the only one."""
    done = course.grade(FakeExecutor(lambda task: grade_well(task) if task.avoid else grade_badly(task)))
    assert [report.status for report in done.reports] == ["graded", "graded"]
    assert done.warnings == []
    assert len(course.list_scores("kim")) == 1


@pytest.mark.slow
def test_the_next_run_tries_a_fault_again(course):
    """It was never graded."""
    course.grade(FakeExecutor(grade_badly))
    done = course.grade(FakeExecutor(grade_well))
    assert [report.status for report in done.reports] == ["graded", "graded"]


def test_a_worker_that_breaks_is_replaced(course):
    """One that was sound before; one that never was would only be followed by its like."""
    executor = FakeExecutor(lambda task: grade_badly(task) if task.job.student == "lee" else grade_well(task))
    course.grade(executor)
    assert executor.replaced == ["w1"]


@pytest.mark.slow
def test_a_job_that_ends_its_workers_is_a_fault_with_the_cause(course):
    """Three workers died: a report all the same, made here."""
    done = course.grade(FakeExecutor(lambda task: die(task) if task.job.student == "kim" else grade_well(task)))
    assert [report.status for report in done.reports] == ["grader_fault", "graded"]
    assert course.read_report("kim").fault == "the worker process ended by itself, with exit code -9"
    assert [todo.status for todo in course.read_report("kim").todos] == ["grader_fault", "grader_fault"]


def test_a_report_made_under_other_conditions_is_not_taken(course):
    """The tests were changed meanwhile, or another machine has others."""
    done = course.grade(FakeExecutor(grade_well), conditions=replace(CONDITIONS, suite="f" * 64))
    assert {report.status for report in done.reports} == {"grader_fault"}
    assert "other hidden tests" in done.warnings[0]


def test_an_entry_that_cannot_be_read_stops_nobody(course):
    """A fault of its own, at once."""
    executor = FakeExecutor(grade_well)
    jobs = [Job(course.submissions / "gone.py", student="gone"), *list_jobs(course.submissions)]
    done = course.grade(executor, jobs=jobs)
    assert [report.status for report in done.reports] == ["grader_fault", "graded", "graded"]
    assert len(executor.submitted) == 2


@pytest.mark.slow
def test_what_is_in_flight_at_an_interrupt_is_finished(course):
    """Three of five had been submitted; the others are left, and the next run takes them."""
    for student in ("choi", "jang", "park"):
        course.hand_in(student)
    done = course.grade(FakeExecutor(grade_well), on_report=lambda report: course.interrupted.set())
    assert [report.submission.student for report in done.reports] == ["choi", "jang", "kim"]
    assert done.left == course.read_summary()["left"] == ["lee", "park"]
    course.interrupted.clear()
    executor = FakeExecutor(grade_well)
    assert course.grade(executor).left == []
    assert [task.job.student for task in executor.submitted] == ["lee", "park"]


def test_nothing_is_tried_again_after_an_interrupt(course):
    """It is left for the next run, and no fault is recorded."""

    def reply(task: Task) -> TaskResult:
        course.interrupted.set()
        return grade_badly(task)

    done = course.grade(FakeExecutor(reply))
    assert (done.reports, done.left) == ([], ["kim", "lee"])
    assert len(course.list_scores("kim")) == 0


def test_two_graders_do_not_share_a_run(course):
    """The second one is named so."""
    with course.run.open(), pytest.raises(UsageError, match="another grader is writing to"), course.run.open():
        pass


def test_what_a_killed_grader_had_begun_to_write_is_removed(course):
    """The next one tidies up."""
    course.run.reports.mkdir(parents=True)
    unfinished = course.run.reports / ".kim.json.unfinished"
    unfinished.write_text("{")
    with course.run.open():
        assert not unfinished.exists()


def test_recording_that_is_being_written_is_left_alone(course):
    """A service writes recordings while another command opens the run; only what was abandoned is removed."""
    course.run.recordings.mkdir(parents=True)
    fresh, abandoned = (course.run.recordings / f".{name}.unfinished" for name in ("fresh", "abandoned"))
    for path in (fresh, abandoned):
        path.write_bytes(b"half")
    os.utime(abandoned, (1, 1))
    with course.run.open():
        assert (fresh.exists(), abandoned.exists()) == (True, False)


def test_a_report_that_the_gradebook_refuses_is_not_on_the_disk(course):
    """Neither here nor there, and nothing half-written."""
    with course.run.open():
        with pytest.raises(UsageError, match="no room"), course.run.stage_report(make_report("kim")):
            raise UsageError("no room")
        assert list(course.run.reports.iterdir()) == []


def test_two_entries_of_one_name_are_two_students(course):
    """Neither takes the other's place."""
    (course.submissions / "kim.ipynb").write_text("{}")
    assert [job.student for job in list_jobs(course.submissions)] == ["kim.ipynb", "kim.py", "lee"]


def test_a_class_folder_that_is_not_there_is_told(tmp_path):
    """The message says what to pass."""
    with pytest.raises(SubmissionNotFound, match="pass the folder that holds the class's submissions"):
        list_jobs(tmp_path / "nowhere")


@pytest.mark.parametrize("pair", [("a/b", "a_b"), ("", "."), ("가" * 100, "가" * 101)])
def test_no_two_students_share_a_file(pair):
    """All that a file system refuses is replaced, and then marked."""
    one, other = map(make_file_name, pair)
    assert one != other
    assert max(len(name.encode()) for name in (one, other)) < 200


def grade_by_options(course: FakeClass, score: float = 80):
    """Grade the class as the command does, but for the workers."""
    return grade_class(
        list_jobs(course.submissions),
        BatchOptions(course.assignment, "none", 1),
        course.run,
        lambda report: None,
        open_executor=partial(
            open_fake_executor, lambda task: answer(task, make_report(task.job.student, score=score))
        ),
    )


def test_the_options_are_carried_out(course):
    """From the assignment's name to the gradebook."""
    before = signal.getsignal(signal.SIGINT)
    assert [report.score for report in grade_by_options(course).reports] == [80, 80]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("source", "is_regraded"),
    [
        ("examiner/parity.py", True),
        pytest.param("sandbox/channel.py", True, marks=pytest.mark.slow),
        pytest.param("intake/notebook.py", True, marks=pytest.mark.slow),
        pytest.param("grading/scoring.py", True, marks=pytest.mark.slow),
        ("exports/canvas.py", False),
    ],
)
def test_a_change_of_the_grader_grades_everybody_again(course, tmp_path, monkeypatch, source, is_regraded):
    """If it may change a grade: the version number alone would not tell."""
    grade_by_options(course, score=0)
    copy = tmp_path / "grader"
    shutil.copytree(software.PACKAGE, copy, ignore=shutil.ignore_patterns("tests", "__pycache__", "redteam"))
    monkeypatch.setattr(software, "PACKAGE", copy)
    assert grade_by_options(course, score=100).kept == 2
    edited = tmp_path / "edited"
    shutil.copytree(copy, edited)
    with (edited / source).open("a") as file:
        file.write("# a change\n")
    monkeypatch.setattr(software, "PACKAGE", edited)
    done = grade_by_options(course, score=100)
    assert ([report.score for report in done.reports], done.kept) == (([100, 100], 0) if is_regraded else ([0, 0], 2))


@pytest.mark.slow
def test_other_models_grade_everybody_again(course):
    """An assignment may load them: their checksums are part of the key."""
    grade_by_options(course, score=0)
    sums = course.assignment.root / "datasets" / "hub" / "SHA256SUMS"
    sums.parent.mkdir(parents=True)
    sums.write_text("a digest  a model\n")
    assert [report.score for report in grade_by_options(course, score=100).reports] == [100, 100]


def test_a_worker_with_another_grader_is_not_believed(course):
    """As on another machine that was not updated."""
    other = replace(CONDITIONS, software="another")
    done = course.grade(FakeExecutor(lambda task: answer(task, make_report(task.job.student), conditions=other)))
    assert {report.status for report in done.reports} == {"grader_fault"}
    assert "the worker has another grader" in done.warnings[0]


def test_the_command_says_what_needs_attention(course, monkeypatch):
    """Exit code 1, and one line for each on the error stream."""
    dying = partial(grade_class, open_executor=partial(open_fake_executor, die))
    monkeypatch.setattr("grader.classroom.batch.grade_class", dying)
    arguments = [str(course.submissions), "-a", "toy", "-o", str(course.run.folder), "--isolation", "none"]
    run = CliRunner().invoke(app, ["batch", *arguments])
    assert run.exit_code == 1
    assert "grader: kim: not graded, the grader failed: the worker process ended" in run.stderr


def test_a_stuck_job_is_tried_once_more_elsewhere(course):
    """Each try takes as long as its deadline; then the student gets a verdict."""
    executor = FakeExecutor(lambda task: hang(task) if task.job.student == "kim" else grade_well(task))
    done = course.grade(executor)
    assert [set(task.avoid) for task in executor.submitted if task.job.student == "kim"] == [set(), {"w1"}]
    assert [report.status for report in done.reports] == ["grader_fault", "graded"]
    assert course.read_report("kim").fault == "the worker process did not answer"


def test_a_class_survives_sigkill_of_its_host_and_of_its_worker(tmp_path):
    """The same command again ends with everybody's own score, and grades again only what was in flight."""
    write_class(tmp_path, 12)
    with start_host(tmp_path, "--jobs", "1") as host:
        read_told(host, 3)
        host.kill()
    with start_host(tmp_path, "--jobs", "1") as host:
        read_told(host, 7)
        os.kill(int(read_lines(tmp_path / "log")[-1].split()[-1]), signal.SIGKILL)
        host.communicate()
    assert host.returncode == 0
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert [student["score"] for student in summary["students"]] == list(range(12))
    assert count(tmp_path / "log", "grade") <= 12 + 2 * DEPTH
    assert list((tmp_path / "run" / "reports").glob(".*")) == []


def test_ctrl_c_finishes_what_is_in_flight(tmp_path):
    """To the whole process group, as a terminal does: exit code 130, and what is left is named."""
    write_class(tmp_path, 8)
    with start_host(tmp_path, "--jobs", "1") as host:
        read_told(host, 2)
        os.killpg(host.pid, signal.SIGINT)
        _, stderr = host.communicate()
    assert host.returncode == 130
    reports = len(list((tmp_path / "run" / "reports").glob("*.json")))
    assert f"grader: interrupted, {8 - reports} left: " in stderr
    assert count(tmp_path / "log", "grade") == reports
    assert "Traceback" not in stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wall", "cause"),
    [
        (["--size", "65536", "--tmpfs", "{run}"], "cannot be (used|written): .*(full|No space)"),
        (["--ro-bind", "{run}", "{run}"], "cannot be written: Read-only file system"),
    ],
    ids=["a full disk", "a read-only folder"],
)
def test_a_run_that_cannot_be_written_is_one_clear_error(tmp_path, wall, cause):
    """Exit code 2, one line, no traceback. Both are real: the host runs with that folder mounted so."""
    write_class(tmp_path, 40)
    (tmp_path / "run").mkdir()
    mounts = [part.format(run=tmp_path / "run") for part in wall]
    with start_host(tmp_path, "--jobs", "1", "-q", before=["bwrap", "--dev-bind", "/", "/", *mounts]) as host:
        _, stderr = host.communicate()
    assert host.returncode == 2
    (line,) = stderr.splitlines()
    assert re.search(cause, line)


def write_class(folder: Path, size: int) -> Path:
    """A toy course and that many submissions."""
    write_project(folder)
    (folder / "class").mkdir()
    for number in range(size):
        (folder / "class" / f"s{number:02}.py").write_text(f"# score {number}\ndef double(number):\n    return 2\n")
    return folder / "class"


def start_host(folder: Path, *arguments: str, before: list[str] | None = None) -> "subprocess.Popen[str]":
    """`grader batch` in a process group of its own."""
    command = [*(before or []), sys.executable, "-m", "grader.tests.support.batch_host", str(folder / "log"), "batch"]
    command += [str(folder / "class"), "-a", "toy", "-o", str(folder / "run"), "--isolation", "none", *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "GRADER_COURSE": str(folder), "PYTHONUNBUFFERED": "1"},
    )


def read_told(host: "subprocess.Popen[str]", number: int) -> None:
    """Read lines until so many students were reported."""
    assert host.stdout is not None
    for _ in range(number):
        assert host.stdout.readline().startswith("[")


def test_a_download_is_graded_by_its_roster(course, monkeypatch, tmp_path):
    """Reports stand under the roster's ids; late, unknown and missing students are named."""
    monkeypatch.setattr(
        "grader.classroom.batch.grade_class",
        partial(grade_class, open_executor=partial(open_fake_executor, grade_well)),
    )
    roster, download = tmp_path / "roster.csv", tmp_path / "download"
    roster.write_text("id,name,canvas\ns1,Jane Doe,1234\ns2,Jo Lee,77\n")
    download.mkdir()
    for name in ("doejane_LATE_1234_1_toy.py", "x_99_2_toy.py"):
        (download / name).write_text(f"# {name}\n{SOLUTION}")
    options = ["-a", "toy", "-o", str(course.run.folder), "--roster", str(roster), "--isolation", "none"]
    run = CliRunner().invoke(app, ["batch", str(download), *options])
    assert run.exit_code == 0
    for line in ("late: s1", "not on the roster, graded and set aside: 99", "no submission from: s2"):
        assert f"grader: {line}\n" in run.stderr
    assert [path.stem for path in course.run.reports.iterdir()] == ["s1"]
    assert [path.stem for path in course.run.aside.iterdir()] == ["99"]
    assert [(row["student"], row["name"]) for row in course.read_summary()["students"]] == [("s1", "Jane Doe")]
    assert course.read_summary()["set_aside"] == ["99"]


def test_each_student_is_late_alone(course):
    """Equal files are graded once; each student pays for their own time, and less for it with an extension."""
    policy = LatePolicy(due=datetime.fromisoformat("2026-11-30T12:00:00+00:00"), points_per_day=10)
    described = course.assignment.description.model_copy(update={"late": policy})
    course.assignment = course.assignment.model_copy(update={"description": described})
    course.hand_in("kim")
    path = course.submissions / "kim.py"
    late = "2026-12-01T13:00:00+00:00"
    jobs = [Job(path, "kim"), Job(path, "lee", late), Job(path, "noh", late, extension_days=1)]
    executor = FakeExecutor(grade_well)
    course.grade(executor, jobs=jobs)
    assert len(executor.submitted) == 1
    reports = [course.read_report(student) for student in ("kim", "lee", "noh")]
    assert [(report.score, report.late_penalty) for report in reports] == [(80.0, 0.0), (60.0, 20.0), (70.0, 10.0)]


def test_the_best_attempt_counts(course):
    """It is named of once and stands last in the gradebook; the same command again changes nothing."""
    scores = {"first": 50, "second": 90, "third": 70}
    for name in scores:
        course.hand_in(name)
    jobs = [Job(course.submissions / f"{name}.py", "kim") for name in scores]
    executor = FakeExecutor(lambda task: answer(task, make_report("kim", score=scores[task.job.path.stem])))
    done = course.grade(executor, jobs=jobs)
    assert (course.reported, [report.score for report in done.reports], done.left) == (["kim"], [90], [])
    assert course.read_report("kim").score == 90
    again = course.grade(FakeExecutor(die), jobs=jobs)
    assert ([report.score for report in again.reports], again.kept) == ([90], 3)
    assert course.list_scores("kim") == [50, 90, 70, 90]


def test_an_attempt_that_was_not_graded_is_told(course):
    """Though another one counts, since it might be better."""
    for name in ("good", "lost"):
        course.hand_in(name)
    jobs = [Job(course.submissions / f"{name}.py", "kim") for name in ("good", "lost")]
    done = course.grade(
        FakeExecutor(lambda task: (die if task.job.path.stem == "lost" else grade_well)(task)), jobs=jobs
    )
    assert [report.score for report in done.reports] == [80]
    assert done.warnings == ["kim: 1 of 2 attempts not graded, the grader failed"]


def test_a_run_of_another_assignment_is_not_overwritten(course):
    """The folder is named, and what lies in it stays."""
    course.grade(FakeExecutor(grade_well))
    with pytest.raises(UsageError, match="holds a run of 'toy': choose another folder"):
        course.run.check_assignment("a2_rnn")
    course.run.check_assignment("toy")


def test_a_damaged_report_does_not_stop_the_class(course):
    """A report that was cut short in any way is written again by the same command."""
    course.grade(FakeExecutor(grade_well))
    for student in ("kim", "lee"):
        (course.run.reports / f"{student}.json").write_text('{"assignment": ')
    course.run.check_assignment("toy")
    course.grade(FakeExecutor(grade_well))
    assert course.read_report("kim").score == 80
