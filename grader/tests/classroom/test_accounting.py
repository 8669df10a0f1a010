"""Words of `grader batch` on every entry, on the screen and in the summary; and the folders it takes for a class."""

import csv
import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from grader.classroom.accounting import EntryFate, Judged, account_for, describe_accounts
from grader.classroom.batch import BatchOptions, grade_class
from grader.cli.app import app
from grader.grading.job import Job
from grader.intake.downloads import Ignored
from grader.model.errors import UsageError
from grader.tests.support.fake_class import FakeExecutor, Reply, grade_badly, grade_well, open_fake_executor
from grader.tests.support.intake_samples import make_archive, make_zip
from grader.tests.support.toy import SOLUTION, open_project

PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj"
CLASS: dict[str, str | bytes] = {
    "doejane_1234_1_toy.py": SOLUTION,
    "doejane_1234_2_report.pdf": PDF,
    "leejo_77_3_toy.py": "def double(:",
    "by mail.py": SOLUTION,
}


@dataclass
class Command:
    """`grader batch` on the toy course, with workers that answer at once."""

    folder: Path
    reply: Reply = grade_well

    def batch(self, download: Path, *options: str) -> Result:
        """Grade a class into run/."""
        command = ["batch", str(download), "-a", "toy", "-o", str(self.run), "--isolation", "none", *options]
        return CliRunner().invoke(app, command)

    @property
    def run(self) -> Path:
        """The folder of the run."""
        return self.folder / "run"

    def read_summary(self) -> dict[str, Any]:
        """summary.json."""
        return dict(json.loads((self.run / "summary.json").read_text(encoding="utf-8")))

    def lay_out(self, name: str = "class") -> Path:
        """A download of Canvas."""
        folder = self.folder / name
        folder.mkdir()
        for file, content in CLASS.items():
            (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, ready to be used."""
    open_project(monkeypatch, tmp_path)
    command = Command(tmp_path)

    def open_executor(options: BatchOptions) -> AbstractContextManager[FakeExecutor]:
        return open_fake_executor(command.reply, options)

    monkeypatch.setattr("grader.classroom.batch.grade_class", partial(grade_class, open_executor=open_executor))
    return command


def read_usage_error(done: Result) -> str:
    """Return what the caller is asked to do differently."""
    assert isinstance(done.exception, UsageError), done.output
    return str(done.exception)


def test_every_entry_is_accounted_for_at_the_end(command: Command) -> None:
    """With the counts first, and then each reason with its entries."""
    done = command.batch(command.lay_out())
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    at = lines.index("4 entries: 1 graded, 1 refused, 2 ignored")
    assert lines[at + 1].startswith("  refused: leejo_77_3_toy.py: ")
    assert "does not parse" in lines[at + 1]
    assert lines[at + 2].startswith("  ignored: by mail.py: not named as Canvas names what students hand in")
    assert lines[at + 3] == ("  ignored: doejane_1234_2_report.pdf: handed in with doejane_1234_1_toy.py, which counts")


@pytest.mark.slow
def test_the_summary_has_the_entries_too(command: Command) -> None:
    """The counts, and what was not graded with its reason; the table says who was refused and why."""
    command.batch(command.lay_out())
    entries = command.read_summary()["entries"]
    counts = {key: entries[key] for key in ("total", "graded", "refused", "ignored", "pending", "failed", "left")}
    assert counts == {"total": 4, "graded": 1, "refused": 1, "ignored": 2, "pending": 0, "failed": 0, "left": 0}
    assert [(item["entry"], item["students"], item["fate"]) for item in entries["not_graded"]] == [
        ("by mail.py", [], "ignored"),
        ("doejane_1234_2_report.pdf", [], "ignored"),
        ("leejo_77_3_toy.py", ["77"], "refused"),
    ]
    assert all(item["reason"] for item in entries["not_graded"])
    with (command.run / "summary.csv").open(newline="", encoding="utf-8") as file:
        refused = {row["student"]: row["refused"] for row in csv.DictReader(file)}
    assert refused["1234"] == ""
    assert "does not parse" in refused["77"]


def test_the_same_command_again_says_the_same(command: Command) -> None:
    """Entries graded before are counted as what they were."""
    folder = command.lay_out()
    command.batch(folder)
    before = command.read_summary()["entries"]
    assert "4 entries: 1 graded, 1 refused, 2 ignored" in command.batch(folder).stdout
    assert command.read_summary()["entries"] == before


def test_what_the_grader_failed_at_is_not_called_graded(command: Command) -> None:
    """It is neither the student's nor forgotten."""
    command.reply = grade_badly
    done = command.batch(command.lay_out())
    assert done.exit_code == 1
    assert "4 entries: 0 graded, 0 refused, 2 ignored, 2 not graded, the grader failed" in done.stdout
    assert command.read_summary()["entries"]["failed"] == 2


def test_an_entry_that_was_not_reached_is_left() -> None:
    """After an interruption the entries without a result are named as well."""
    jobs = [Job(Path("a.py"), "a"), Job(Path("b.py"), "b")]
    fates = account_for(jobs, {("a", "a.py"): Judged("graded")}, [Ignored("c.md", "notes")])
    assert [(fate.entry, fate.fate) for fate in fates] == [("a.py", "graded"), ("b.py", "left"), ("c.md", "ignored")]
    assert describe_accounts(fates)[0] == "3 entries: 1 graded, 0 refused, 1 ignored, 1 not reached"


def test_an_entry_of_a_group_counts_once() -> None:
    """However many students it is the work of."""
    jobs = [Job(Path("team.py"), "a"), Job(Path("team.py"), "b")]
    judged = {("a", "team.py"): Judged("graded"), ("b", "team.py"): Judged("graded")}
    assert account_for(jobs, judged, []) == [EntryFate("team.py", ("a", "b"), "graded")]


def test_many_entries_with_one_reason_are_one_line() -> None:
    """The line names all of them: a terminal shortens it, a file does not."""
    fates = [EntryFate(f"{number:03}.txt", (), "ignored", "a receipt") for number in range(30)]
    names = ", ".join(f"{number:03}.txt" for number in range(30))
    assert describe_accounts(fates) == [
        "30 entries: 0 graded, 0 refused, 30 ignored",
        f"  ignored: {names}: a receipt",
    ]


@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("submissions.zip", ""),
        ("submissions.7z", "submissions/"),
        pytest.param("submissions.zip", "submissions/", marks=pytest.mark.slow),
        pytest.param("submissions.7z", "", marks=pytest.mark.slow),
        pytest.param("download", "submissions/", marks=pytest.mark.slow),
        ("download", ""),
    ],
)
def test_the_systems_own_archive_is_a_class(command: Command, name: str, around: str) -> None:
    """As it was downloaded, under any name; it is unpacked once, below the run, where a later command finds it."""
    files = {f"{around}{entry}": content for entry, content in CLASS.items()}
    path = command.folder / name
    path.write_bytes(make_archive(files, "7zip") if name.endswith("7z") else make_zip(files))
    for _ in range(2):
        done = command.batch(path)
        assert done.exit_code == 0, done.output
        assert "4 entries: 1 graded, 1 refused, 2 ignored" in done.stdout
    assert len(list((command.run / "class").iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (make_zip({"../toy.py": SOLUTION}), "leads out of the archive"),
        (make_zip({"toy.py": SOLUTION})[:-30], "is damaged"),
        (b"a,b\n1,2\n", "is no archive: pass the class's folder, or the .zip as it was downloaded"),
    ],
)
def test_an_archive_that_is_no_class_is_a_usage_error(command: Command, content: bytes, reason: str) -> None:
    """Nothing of it is left behind."""
    path = command.folder / "class.zip"
    path.write_bytes(content)
    assert reason in read_usage_error(command.batch(path))
    assert not list(command.run.glob("class/*"))


@pytest.mark.slow
def test_a_class_archive_may_hold_more_than_a_submission(command: Command) -> None:
    """Its limits are those of a class: more files than any student may hand in."""
    path = command.folder / "class.zip"
    path.write_bytes(make_zip({"doejane/toy.py": SOLUTION} | {f"doejane/data/{n}": "" for n in range(10_050)}))
    done = command.batch(path)
    assert "1 entries: 0 graded, 1 refused, 0 ignored" in done.stdout, done.output


def test_a_folder_of_results_is_no_class(command: Command) -> None:
    """Passing RUN in place of the class says what it is."""
    command.batch(command.lay_out())
    said = read_usage_error(command.batch(command.run))
    assert "holds the results of an earlier batch: pass the folder with what the students handed in" in said


@pytest.mark.slow
def test_results_inside_the_class_folder_are_no_student(command: Command) -> None:
    """With `-o CLASS/run` the second batch passes over what the first one wrote."""
    folder = command.lay_out("run_around")
    inside = str(folder / "results")
    assert command.batch(folder, "-o", inside).exit_code == 0
    done = command.batch(folder, "-o", inside)
    assert "5 entries: 1 graded, 1 refused, 3 ignored" in done.stdout


@pytest.mark.slow
def test_times_make_a_penalty(command: Command) -> None:
    """Without times a warning; with them the penalty is in the table, the summary and the report."""
    description = command.folder / "assignments/toy/assignment.toml"
    text = description.read_text(encoding="utf-8")
    description.write_text(
        text.replace("[[todo]]", "[late]\ndue = 2025-10-10T12:00:00Z\n\n[[todo]]", 1), encoding="utf-8"
    )
    folder = command.lay_out()
    assert "pass --times CSV with the columns student and submitted_at" in command.batch(folder).stderr
    times = command.folder / "times.csv"
    times.write_text("student,submitted_at\n1234,2025-10-11T10:00:00Z\n77,2025-10-10T10:00:00Z\n", encoding="utf-8")
    done = command.batch(folder, "--times", str(times))
    assert "--times" not in done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith(" 1234"))
    assert row.split()[1:4] == ["doejane", "70", "-10"]
    assert [item["late_penalty"] for item in command.read_summary()["students"]] == [10, 0]
    shown = CliRunner().invoke(app, ["report", str(command.run), "1234"])
    assert "late penalty: -10" in shown.stdout


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("student\n1234\n", "has no column submitted_at"),
        ("student,submitted_at\n1234,tomorrow\n", "line 2: 'tomorrow' is no time that is understood"),
        ("student,submitted_at\n1,2025-10-10\n1,2025-10-11\n", "'1' is there twice, with another time"),
    ],
)
def test_a_damaged_list_of_times_is_a_usage_error(command: Command, text: str, reason: str) -> None:
    """The line and what to write."""
    times = command.folder / "times.csv"
    times.write_text(text, encoding="utf-8")
    assert reason in read_usage_error(command.batch(command.lay_out(), "--times", str(times)))


def test_canvas_own_list_of_submissions_gives_the_times(command: Command) -> None:
    """The answer of its API is read as it is."""
    times = command.folder / "submissions.json"
    rows = [{"user_id": 1234, "submitted_at": "2025-10-10T10:00:00Z"}, {"user_id": 5, "submitted_at": None}]
    times.write_text(json.dumps(rows), encoding="utf-8")
    assert command.batch(command.lay_out(), "--times", str(times)).exit_code == 0
    report = json.loads((command.run / "reports/1234.json").read_text(encoding="utf-8"))
    assert report["submission"]["submitted_at"] == "2025-10-10T10:00:00+00:00"
