"""The command line: what it prints and what it tells the shell."""

import contextlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from grader.cli.app import GROUPS, main
from grader.cli.options import ExitCode
from grader.grading.job import Job
from grader.model.report import GradeReport
from grader.tests.support.a4 import NAME, make_skeleton, open_shared_worker, read_solution
from grader.tests.support.course import load_assignment
from grader.tests.support.toy import open_project


class Answer:
    """Exit code and output of a command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs `grader` with arguments in this process."""

    def call_main(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["grader", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return Answer(int(end.value.code or 0), said.out, said.err)

    return call_main


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """`grade` uses the worker that is open already."""
    worker = contextlib.nullcontext(open_shared_worker())
    monkeypatch.setattr("grader.grading.worker.open_worker", lambda name, isolation, device: worker)


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    """A skeleton as it was handed out."""
    path = tmp_path / "attention.py"
    path.write_text(make_skeleton(), encoding="utf-8")
    return path


def test_help_names_every_command_in_its_group(call):
    """Each command has one line that is not cut off, and each stands under the name of its group."""
    lines = call("--help").out.splitlines()
    for group, commands in GROUPS.items():
        start = lines.index(f"{group}:") + 1
        shown = [line.split()[0] for line in lines[start : start + len(commands)]]
        assert shown == list(commands)
    assert not [line for line in lines[1:] if line.endswith("...")]


@pytest.mark.parametrize("group", ["push", "datasets"])
def test_help_of_a_group_is_not_cut(call, group: str):
    """The sentences fit into 80 columns."""
    lines = call(group, "--help").out.splitlines()
    assert not [line for line in lines[1:] if line.endswith("...") or len(line) > 80]


def test_version_is_printed(call):
    """The installed version, and nothing else."""
    answer = call("--version")
    assert (answer.code, answer.out) == (0, f"grader {version('grader')}\n")


def test_exit_codes_differ():
    """A failing public test is not a fault of the grader."""
    assert len({code.value for code in ExitCode.__members__.values()}) == len(ExitCode.__members__) == 5


@pytest.mark.parametrize("command", ["canvas", "lti"])
def test_both_pushes_take_the_shared_options(call, command: str):
    """The options stand once in the code, and in the help of both."""
    text = call("push", command, "--help").out
    for option in ("--feedback / --no-feedback", "--released", "--lang", "--dry-run", "--again", "-q, --quiet"):
        assert option in text


def test_resume_is_gone(call):
    """Running the same command again resumes anyway."""
    answer = call("batch", "x", "-a", NAME, "-o", "y", "--resume")
    assert answer.code == 2 and "No such option" in answer.err


def test_the_list_shows_every_todo(call):
    """Assignments, TODOs and points."""
    answer = call("list")
    assert answer.code == 0
    assert NAME in answer.out
    for todo in load_assignment(NAME).todos:
        assert todo.id in answer.out and todo.title in answer.out


@pytest.mark.slow
def test_the_doctor_says_what_there_is(call):
    """Isolation, devices and versions, a line each."""
    answer = call("doctor")
    assert answer.code == 0
    for what in ("isolation bwrap", "system call filter", "jail", "gpu", "torch", "python"):
        assert what in answer.out


def test_the_doctor_says_how_to_mend(call, monkeypatch: pytest.MonkeyPatch):
    """Without bubblewrap: what to install, and exit code 1."""
    monkeypatch.setattr("grader.tools.doctor.shutil.which", lambda name: None)
    answer = call("doctor")
    assert answer.code == 1
    assert "apt install bubblewrap" in answer.out


def test_a_grade_can_be_printed_as_json(call, shared, handed_in: Path):
    """`--json -` prints the report and nothing else."""
    answer = call("grade", str(handed_in), "-a", NAME, "--json", "-", "--student", "someone")
    report = GradeReport.model_validate_json(answer.out)
    assert answer.code == 0
    assert (report.score, report.submission.student) == (0, "someone")


def test_a_grade_can_be_written_as_json(call, shared, handed_in: Path, tmp_path: Path):
    """A file in a folder that is not there yet; `-q` prints nothing."""
    target = tmp_path / "reports" / "one.json"
    answer = call("grade", str(handed_in), "-a", NAME, "--json", str(target), "-q")
    assert (answer.code, answer.out) == (0, "")
    assert json.loads(target.read_text(encoding="utf-8"))["max_score"] == 100


@pytest.mark.parametrize(
    ("language", "title", "sentence"),
    [("en", "Attention", "is not filled in yet"), ("ko", "어텐션", "아직 채워지지 않은")],
)
def test_a_grade_is_told_in_words(call, shared, handed_in: Path, language: str, title: str, sentence: str):
    """Score, TODOs and verdicts in the language asked for."""
    answer = call("grade", str(handed_in), "-a", NAME, "--lang", language)
    assert f"{title}: 0 / 100" in answer.out
    assert answer.out.count(sentence) == len(load_assignment(NAME).todos)


def test_a_low_score_is_no_error(call, shared, handed_in: Path):
    """Exit code 0 says that it was graded."""
    assert call("grade", str(handed_in), "-a", NAME, "-q").code == 0


def test_a_fault_of_the_grader_is_told_to_the_shell(call, handed_in: Path, monkeypatch: pytest.MonkeyPatch):
    """Exit code 1, and the reason for the staff."""
    graded = open_shared_worker().grade(Job(handed_in))
    report = graded.model_copy(update={"status": "grader_fault", "fault": "no disk"})

    class Faulty:
        def grade(self, job: Job) -> GradeReport:
            return report

    monkeypatch.setattr(
        "grader.grading.worker.open_worker", lambda name, isolation, device: contextlib.nullcontext(Faulty())
    )
    answer = call("grade", str(handed_in), "-a", NAME)
    assert answer.code == 1
    assert "grader fault: no disk" in answer.out
    assert "grader: not graded, the grader failed: no disk" in answer.err


def test_the_reference_is_told_as_full(call, shared, tmp_path: Path):
    """Nothing but passed TODOs."""
    path = tmp_path / "attention.py"
    path.write_text(read_solution(), encoding="utf-8")
    answer = call("grade", str(path), "-a", NAME)
    assert "Attention: 100 / 100" in answer.out
    assert answer.out.count("passed") == len(load_assignment(NAME).todos)


def test_a_release_that_is_out_of_step_is_told_to_the_shell(call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """`release --check` ends with 1 while a file is stale, and with 0 after `release`."""
    open_project(monkeypatch, tmp_path)
    stale = call("release", "--check")
    assert stale.code == 1
    assert "out of step with the solution: assignments/toy/toy.py\n" in stale.out
    assert call("release").code == 0
    done = call("release", "--check")
    assert (done.code, done.out) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["grade", "no/such/file.py", "-a", NAME], "grader: nothing at 'no/such/file.py': check the path"),
        (["grade", ".", "-a", "a9_rest"], "grader: no assignment 'a9_rest': there are a1_tokenization, "),
        (["grade", "."], "Missing option"),
        (["grade", ".", "-a", NAME, "--isolation", "hope"], "hope"),
        (["grade", ".", "-a", NAME, "--lang", "fr"], "fr"),
        (["grade", "--no-such-option"], "No such option"),
        (["no-such-command"], "No such command"),
        (["release", "-a", "a9_rest"], "grader: no assignment 'a9_rest'"),
    ],
)
def test_a_wrong_command_is_told(call, arguments: list[str], complaint: str):
    """Exit code 2 and one message, without a traceback."""
    answer = call(*arguments)
    assert answer.code == 2
    assert complaint in answer.err
    assert "Traceback" not in answer.err


def test_isolation_that_is_not_there_is_told(call, handed_in: Path, monkeypatch: pytest.MonkeyPatch):
    """Without bubblewrap nothing is graded: what to install, and that `none` is there for trusted code."""
    monkeypatch.setattr("grader.sandbox.jail.shutil.which", lambda name: None)
    answer = call("grade", str(handed_in), "-a", NAME)
    assert answer.code == 2
    assert "apt install bubblewrap" in answer.err
    assert "--isolation none" in answer.err


def test_a_file_where_a_folder_is_to_be_is_no_traceback(call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The path is named."""
    (tmp_path / "kit").touch()
    open_project(monkeypatch, tmp_path / "course")
    answer = call("release", "-a", "toy", "-o", str(tmp_path / "kit"))
    assert answer.code == 2 and str(tmp_path / "kit") in answer.err


def test_a_folder_where_a_file_is_to_be_is_no_traceback(call, shared, handed_in, tmp_path):
    """The message names the path and asks for another one."""
    answer = call("grade", str(handed_in), "-a", "a4_attention", "--json", str(tmp_path))
    assert answer.code == 2 and f"cannot write {str(tmp_path)!r}: Is a directory; choose another" in answer.err
