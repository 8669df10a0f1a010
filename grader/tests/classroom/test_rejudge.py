"""A class judged again: what runs, what does not, and that the reports are those of grading again.

Submissions run in this process, but for one that ends its own; whether one runs at all is what these tests ask.
"""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.classroom.comparison import compare_runs
from grader.classroom.rejudge import RejudgeOptions, rejudge_run
from grader.classroom.run_folder import RunFolder
from grader.cli.app import app
from grader.grading import software
from grader.model.course import Course
from grader.model.errors import BrokenSuite, UsageError
from grader.model.verdict import Verdict
from grader.tests.support.fake_class import list_rows
from grader.tests.support.toy import TESTS, TOML
from grader.tests.support.toy_class import ToyClass

RIGHT = "def double(number):\n    return 2 * number\n\n\ndef shout(word):\n    return word.upper()\n"
SILENT = RIGHT.replace("word.upper()", "word")
STUCK = RIGHT.replace("return 2 * number", "import os\n    os._exit(3)")
DEARER = {
    "toml": TOML.replace("60", "70").replace("points = 40", "points = 30"),
}
LENIENT = {"tests": TESTS.replace("== word.upper()", ".upper() == word.upper()")}
CURIOUS = {"tests": TESTS.replace("student.shout(word)", "student.shout(word + 'x')[:-1]")}
STRICT = {"toml": TOML.replace('where = ["shout"]', 'where = ["shout"]\nforbid = ["word.upper"]')}


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyClass:
    """A class of two, graded."""
    monkeypatch.setenv("GRADER_SECRET", "secret")
    toys = ToyClass(tmp_path, monkeypatch)
    toys.hand_in(kim=RIGHT, lee=SILENT)
    toys.grade()
    return toys


def test_other_points_run_nothing(toys):
    """No worker has anything to do, and the reports are those of grading again."""
    toys.change(**DEARER)
    done = toys.rejudge()
    assert toys.submitted == []
    assert [report.score for report in done.reports] == [100, 70]
    assert toys.list_reports() == toys.grade_anew()


@pytest.mark.slow
def test_other_points_run_nothing_where_gpu_tests_are_skipped(toys):
    """The tests that are left share the new points, by weight."""
    tests = TESTS + TESTS[TESTS.index("@pytest.mark.todo") : TESTS.index('@pytest.mark.todo("shout"')].replace(
        "parity", "gpu"
    ).replace("test_double", "test_double_on_the_device")
    toys.change(toml=f'gpu_policy = "skip"\n{TOML}', tests=tests)
    toys.grade()
    toys.change(toml=f'gpu_policy = "skip"\n{DEARER["toml"]}', tests=tests)
    done = toys.rejudge()
    assert toys.submitted == []
    assert [report.score for report in done.reports] == [100, 70]


def test_a_changed_test_is_run_over_what_was_recorded(toys):
    """No child is opened, the other test is not run, and the reports are those of grading again."""
    toys.change(**LENIENT)
    done = toys.rejudge()
    assert toys.opened == 0
    assert [[result.todo for result in task.job.kept] for task in toys.submitted] == [["double"], ["double"]]
    assert [report.score for report in done.reports] == [100, 100]
    assert toys.list_reports() == toys.grade_anew()


def test_a_test_that_asks_something_new_goes_to_a_live_child(toys):
    """The next change finds its answer recorded."""
    toys.change(**CURIOUS)
    toys.rejudge()
    assert toys.opened == 2
    assert toys.list_reports() == toys.grade_anew()
    toys.change(tests=CURIOUS["tests"].replace("is not in capitals", "is too quiet"))
    toys.rejudge()
    assert toys.opened == 0
    assert toys.read("lee").tests[1].message == "the word is too quiet"


@pytest.mark.slow
def test_what_all_tests_may_depend_on_runs_all_of_them_without_a_child(toys):
    """A changed solution: nothing is kept, everything is replayed."""
    toys.change(tests=TESTS.replace("import pytest", "import pytest\n\nLIMIT = 3"))
    toys.rejudge()
    assert [task.job.kept for task in toys.submitted] == [(), ()]
    assert toys.opened == 0
    assert toys.list_reports() == toys.grade_anew()


@pytest.mark.slow
def test_a_new_policy_needs_no_worker(toys):
    """It is about the text; and where it is given up again, what it hid is run."""
    toys.change(**STRICT)
    toys.rejudge()
    assert toys.submitted == []
    assert toys.read("kim").tests[1].status is Verdict.FORBIDDEN
    assert toys.list_reports() == toys.grade_anew()
    toys.change()
    toys.rejudge(force=True)
    assert (toys.opened, toys.read("kim").score) == (0, 100)


def test_every_attempt_is_kept_and_compared(toys, tmp_path):
    """Judged into another folder, the first run stays as it was, and the change is named with its reason."""
    toys.change(**LENIENT)
    later = RunFolder(tmp_path / "later")
    toys.rejudge(later)
    (change,) = compare_runs(toys.run.folder, later.folder)
    assert (change.student, change.todo, change.why) == ("lee", "shout", ("suite changed",))
    toys.rejudge()
    assert [row["score"] for row in list_rows(f"sqlite:///{toys.run.gradebook}", "lee")] == [60, 100]
    assert sorted(path.name for path in later.recordings.iterdir()) == sorted(
        path.name for path in toys.run.recordings.iterdir()
    )


def test_the_same_command_again_does_nothing(toys):
    """Everybody was judged so before."""
    toys.change(**LENIENT)
    toys.rejudge()
    assert (toys.rejudge().kept, toys.submitted) == (2, [])


@pytest.mark.slow
@pytest.mark.parametrize("text", [b"", b"no recording"])
def test_a_damaged_recording_is_told_and_graded_anew(toys, text):
    """From the file that was handed in; it is recorded again."""
    shutil.rmtree(toys.run.recordings)
    toys.hand_in(lee=RIGHT)
    toys.grade()
    (lost,) = toys.run.recordings.iterdir()  # kim's is gone, and was graded before
    lost.write_bytes(text)
    toys.change(**LENIENT)
    done = toys.rejudge()
    assert toys.opened > 0
    assert [line.partition(" the recording")[0] for line in done.warnings] == [
        "kim: graded again, because",
        "lee: graded again, because",
    ]
    assert toys.list_reports() == toys.grade_anew()


@pytest.mark.slow
def test_what_was_not_recorded_is_graded_anew_and_told(toys, tmp_path):
    """In one line for all."""
    shutil.rmtree(toys.run.folder)
    toys.grade(record=False)
    assert not toys.run.recordings.exists()
    toys.change(**LENIENT)
    done = toys.rejudge()
    assert done.warnings == [
        "2 graded again, because there is no recording of them, or it was made under other conditions: kim, lee"
    ]
    assert toys.list_reports() == toys.grade_anew()


def test_other_files_are_not_taken_for_what_was_graded(toys):
    """Without a recording the files are read again, and they have changed since: that is no result of theirs."""
    shutil.rmtree(toys.run.folder)
    toys.grade(record=False)
    toys.hand_in(lee=RIGHT)
    toys.change(**LENIENT)
    done = toys.rejudge()
    assert any("the submission has changed since it was graded" in line for line in done.warnings)


@pytest.mark.slow
def test_nothing_to_judge_from_leaves_what_there_is(toys):
    """The former result stays, and that is named."""
    shutil.rmtree(toys.run.folder)
    toys.grade(record=False)
    (toys.folder / "class" / "lee.py").unlink()
    toys.change(**LENIENT)
    done = toys.rejudge()
    assert any(line.startswith("lee: not judged again") for line in done.warnings)
    assert toys.read("lee").score == 60


def test_a_todo_without_a_test_that_counts_is_refused(toys):
    """As it is where a suite is collected."""
    toys.change(tests=TESTS.replace("weight=60", "weight=0"))
    with pytest.raises(BrokenSuite, match="TODO 'double' has no hidden test here with a weight above 0"):
        toys.rejudge()


@pytest.mark.slow
def test_a_process_that_ended_is_replayed_as_such(tmp_path, monkeypatch):
    """The mishap and its words, from a real child; no one's process ends a second time."""
    monkeypatch.setenv("GRADER_SECRET", "secret")
    toys = ToyClass(tmp_path, monkeypatch)
    toys.hand_in(kim=STUCK)
    toys.grade(jailed=True)
    before = toys.read("kim")
    assert before.tests[0].message == "the code ended its process with exit status 3"
    toys.change(tests=TESTS.replace("import pytest", "import pytest\n\nLIMIT = 3"))
    toys.rejudge()
    assert [len(task.job.kept) for task in toys.submitted] == [0]
    assert toys.opened == 0
    after = toys.read("kim")
    assert [(test.status, test.message) for test in after.tests] == [
        (test.status, test.message) for test in before.tests
    ]


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    """The message says what to pass."""
    with pytest.raises(UsageError, match="pass the folder that `grader batch -o` wrote"):
        rejudge_run(
            RunFolder(tmp_path), RunFolder(tmp_path), RejudgeOptions(course=Course(tmp_path)), lambda report: None
        )


def test_a_changed_judge_replays_what_was_recorded(toys, tmp_path, monkeypatch):
    """No result is taken over, no child is opened, and the reports are those of grading again."""
    edited = tmp_path / "grader"
    shutil.copytree(software.PACKAGE, edited, ignore=shutil.ignore_patterns("tests", "__pycache__", "redteam"))
    with (edited / "examiner" / "parity.py").open("a") as file:
        file.write("# a change\n")
    monkeypatch.setattr(software, "PACKAGE", edited)
    toys.rejudge()
    assert [task.job.kept for task in toys.submitted] == [(), ()]
    assert toys.opened == 0
    assert toys.list_reports() == toys.grade_anew()


def test_the_command_judges_again(toys):
    """Quietly, with the exit code of a graded class."""
    toys.change(**DEARER)
    run = CliRunner().invoke(app, ["rejudge", str(toys.run.folder), "-q"])
    assert (run.exit_code, run.output) == (0, "")
    assert toys.read("lee").score == 70


@pytest.mark.slow
@pytest.mark.parametrize("same", [True, False])
def test_the_summary_still_accounts_for_the_class_folder(toys, same):
    """Judging again reads no class folder: what became of its entries is taken over."""
    summary = toys.run.folder / "summary.json"
    entries = {"total": 3, "graded": 2, "ignored": 1}
    summary.write_text(json.dumps(json.loads(summary.read_text()) | {"entries": entries}))
    toys.change(**DEARER)
    target = toys.run if same else RunFolder(toys.folder / "run_b")
    toys.rejudge(target)
    assert json.loads((target.folder / "summary.json").read_text())["entries"] == entries
