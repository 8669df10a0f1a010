"""The places where GPU-run tests run, and what becomes of them where there is no GPU."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.classroom.executor import Task, TaskResult
from grader.examiner.suite import Suite
from grader.grading.job import Job
from grader.grading.worker import Worker
from grader.intake import read_submission
from grader.model.assignment import Assignment
from grader.model.devices import ON_CPU, VIRTUAL, Device, choose_device, recall_choice
from grader.model.digests import digest_environment
from grader.model.errors import BrokenSuite, UsageError
from grader.model.report import CheckResult, GradeReport
from grader.model.verdict import Verdict
from grader.sandbox.bubblewrap import build_devices, list_environment
from grader.sandbox.in_process import InProcessChannel
from grader.tests.support.fake_class import FakeClass, FakeExecutor, answer
from grader.tests.support.fake_worker import CONDITIONS, ENVIRONMENT, make_report
from grader.tests.support.toy import TESTS, TOML, open_project

GPU = Device("cuda:0", "cuda:0 NVIDIA H100")
GPU_TESTS = (
    TESTS.replace("weight=60", "weight=40")
    + '''

@pytest.mark.todo("double", weight=20)
@pytest.mark.gpu
def test_double_on_the_device(student, device):
    """A number is doubled wherever it is."""
    assert student.double(4) == 8
'''
)
GPU_TEST = "test_toy.py::test_double_on_the_device"


@pytest.fixture
def make_course(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A toy with one GPU-run test under a policy."""

    def make(policy: str, tests: str = GPU_TESTS) -> Assignment:
        return open_project(monkeypatch, tmp_path, toml=f'gpu_policy = "{policy}"\n{TOML}', tests=tests)

    return make


def grade(assignment: Assignment, **options: Any) -> GradeReport:
    """The report of the reference, run in this process."""
    with Worker(assignment, isolation="none", prewarm=False, **options) as worker:
        return worker.grade(Job(assignment.solution, student="kim"), in_process=True)


def run_on(assignment: Assignment, device: Device) -> dict[str, CheckResult]:
    """The reference's results by test, with that device."""
    submission = read_submission(assignment.solution, module="toy.py")
    suite = Suite(assignment, b"secret", device)
    return {result.id: result for result in suite.run(suite.open_session(submission, InProcessChannel()))}


@pytest.mark.parametrize(
    ("policy", "wanted", "gpu", "expected"),
    [
        ("virtual", None, "", VIRTUAL),
        ("virtual", "auto", "NVIDIA H100", GPU),
        ("virtual", "virtual", "NVIDIA H100", VIRTUAL),
        ("virtual", "cpu", "NVIDIA H100", ON_CPU),
        ("virtual", "cuda", "NVIDIA H100", GPU),
        ("require", "auto", "", ON_CPU),
        ("require", "virtual", "", ON_CPU),
        ("require", "auto", "NVIDIA H100", GPU),
        ("skip", "auto", "NVIDIA H100", ON_CPU),
        ("skip", "cuda", "", ON_CPU),
    ],
)
def test_the_device_follows_the_policy_the_wish_and_the_machine(
    make_course, monkeypatch, policy, wanted, gpu, expected
):
    """auto: CUDA where there is a GPU, else the virtual device; `require` a GPU or nothing, `skip` nothing."""
    monkeypatch.setattr("grader.model.devices.find_gpu", lambda: gpu)
    assert choose_device(make_course(policy), wanted) == expected


@pytest.mark.parametrize(("wanted", "complaint"), [("cuda", "no CUDA device"), ("tpu", "no device 'tpu'")])
def test_a_device_that_is_not_there_is_refused(make_course, monkeypatch, wanted: str, complaint: str):
    """Before anything is graded."""
    monkeypatch.setattr("grader.model.devices.find_gpu", lambda: "")
    with pytest.raises(UsageError, match=complaint):
        choose_device(make_course("virtual"), wanted)


@pytest.mark.parametrize("device", [ON_CPU, VIRTUAL, GPU], ids=lambda device: device.name)
def test_a_reports_device_can_be_asked_for_again(make_course, monkeypatch, device: Device):
    """Rejudging finds the device of a run by its label."""
    monkeypatch.setattr("grader.model.devices.find_gpu", lambda: "NVIDIA H100")
    assert choose_device(make_course("virtual"), recall_choice(device.label)) == device


def test_the_key_of_a_result_holds_the_device():
    """A result of one device is not taken for what another would give."""
    labels = ("cpu", "virtual", "cuda:0 NVIDIA H100")
    assert len({digest_environment(ENVIRONMENT.model_copy(update={"device": label})) for label in labels}) == 3


def test_an_unknown_policy_is_refused(make_course):
    """There are three."""
    with pytest.raises(BrokenSuite, match="gpu_policy"):
        make_course("sometimes")


def test_the_virtual_device_is_the_default(make_course, monkeypatch):
    """Every test runs, and the report names the device."""
    monkeypatch.setattr("grader.model.devices.find_gpu", lambda: "")
    report = grade(make_course("virtual"))
    assert (report.status, report.score, report.environment.device) == ("graded", 100, "virtual")


def test_required_and_not_there_is_pending(make_course, monkeypatch):
    """GPU-run tests wait, the others do not; the report waits with them."""
    monkeypatch.setattr("grader.model.devices.find_gpu", lambda: "")
    report = grade(make_course("require"))
    assert {test.id: test.status for test in report.tests if test.status != "passed"} == {GPU_TEST: Verdict.PENDING}
    assert (report.status, report.score, report.environment.device) == ("pending", 80, "cpu")
    assert [todo.status for todo in report.todos] == [Verdict.PENDING, Verdict.PASSED]


def test_required_and_there_runs(make_course):
    """With a GPU nothing waits."""
    assert run_on(make_course("require"), GPU)[GPU_TEST].status is Verdict.PASSED


def test_skipped_tests_leave_their_points_to_their_todo(make_course):
    """Two thirds and one third of what is left: in proportion."""
    tests = GPU_TESTS.replace("weight=40)\n@pytest.mark.parity", "weight=30)\n@pytest.mark.parity")
    tests += '''

@pytest.mark.todo("double", weight=10)
@pytest.mark.shape
def test_double_is_a_number(student):
    """A number comes back."""
    assert student.double(2) == 4
'''
    results = run_on(make_course("skip", tests), ON_CPU)
    points = {test_id.removeprefix("test_toy.py::"): result.max_score for test_id, result in results.items()}
    assert points == {"test_double": 45, "test_double_is_a_number": 15, "test_shout": 40}


def test_a_report_says_that_tests_were_skipped(make_course):
    """And no one loses a point by it."""
    report = grade(make_course("skip"))
    assert (report.status, report.score) == ("graded", 100)
    assert "no GPU-run tests" in report.notes[0]


def test_a_todo_of_gpu_tests_alone_cannot_be_skipped(make_course):
    """Its points would be no one's."""
    tests = GPU_TESTS.replace("@pytest.mark.parity", "@pytest.mark.gpu")
    with pytest.raises(BrokenSuite, match="TODO 'double' has no hidden test here with a weight above 0"):
        run_on(make_course("skip", tests), ON_CPU)


ON_GPU = replace(CONDITIONS, environment=ENVIRONMENT.model_copy(update={"device": GPU.label}))


def answer_without_gpu(task: Task) -> TaskResult:
    """kim's second test waits for a GPU, lee's does not."""
    report = make_report(task.job.student, score=60)
    if task.job.student == "kim":
        first, second = report.tests
        waiting = second.model_copy(update={"status": Verdict.PENDING})
        report = report.model_copy(update={"status": "pending", "tests": (first, waiting)})
    return answer(task, report, recording=b"replies")


def answer_with_gpu(task: Task) -> TaskResult:
    """A worker with a GPU."""
    return answer(task, make_report(task.job.student), conditions=ON_GPU)


@pytest.fixture
def course(make_course, tmp_path) -> FakeClass:
    """A class of two that was graded without a GPU."""
    course = FakeClass(tmp_path, make_course("require"))
    for student in ("kim", "lee"):
        course.hand_in(student)
    done = course.grade(FakeExecutor(answer_without_gpu))
    assert done.warnings == ["1 wait for a GPU: run this again with --pending on a machine that has one"]
    return course


def test_what_waits_is_finished_and_the_rest_untouched(course):
    """One job, with what was found before; the other student's report and row stay as they are."""
    before = course.read_report("lee")
    executor = FakeExecutor(answer_with_gpu)
    done = course.grade(executor, conditions=ON_GPU, pending=True)
    [task] = executor.submitted
    assert [test.id for test in task.job.kept] == ["test_first"]
    assert task.job.recording is not None
    assert task.job.recording.read_bytes() == b"replies"
    assert (course.read_report("kim").status, course.read_report("kim").environment.device) == ("graded", GPU.label)
    assert course.read_report("lee") == before
    assert (len(course.list_scores("kim")), len(course.list_scores("lee"))) == (2, 1)
    assert ([report.status for report in done.reports], done.kept) == (["graded", "graded"], 1)


def test_finishing_again_grades_nothing(course):
    """Once nothing waits."""
    course.grade(FakeExecutor(answer_with_gpu), conditions=ON_GPU, pending=True)
    executor = FakeExecutor(answer_with_gpu)
    course.grade(executor, conditions=ON_GPU, pending=True)
    assert executor.submitted == []


def test_another_suite_finishes_nothing_by_halves(course):
    """All of the hidden tests run if they have changed meanwhile."""
    executor = FakeExecutor(answer_with_gpu)
    course.grade(executor, conditions=replace(ON_GPU, suite="t" * 64), pending=True)
    assert executor.submitted[0].job.kept == ()


def test_a_gpu_is_seen_in_its_own_lane_only():
    """Its device nodes, its share of memory and /proc: for children that may use it."""
    for device in ("cpu", "virtual:0"):
        assert not any("nvidia" in part for part in build_devices(device))
        assert "PYTORCH_CUDA_ALLOC_CONF" not in list_environment(device)
    assert "/dev/nvidia0" in build_devices("cuda:0")
    assert list_environment("cuda:0")["PYTORCH_CUDA_ALLOC_CONF"] == "per_process_memory_fraction:0.1"
