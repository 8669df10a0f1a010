"""Downloads of learning-management systems: who handed in what, when, and which attempt it is."""

import os
import random
import subprocess
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.intake import read_submission
from grader.intake.downloads import Download, keep_latest, read_class
from grader.intake.entries import read_name
from grader.intake.roster import Roster, Student
from grader.model.errors import SubmissionNotFound, UsageError

ATTENTION = "class LuongAttention:\n    def score(self, h):\n        return h\n"
ROSTER = Roster(
    (
        Student("s1", "Jane Doe", "jane@uni.example", keys={"canvas": "1234", "login": "jdoe", "github": "jd-codes"}),
        Student("s2", "홍길동", "gildong@uni.example", keys={"canvas": "77", "moodle": "501"}),
        Student("s3", "Kim, Min Jun", "mj@uni.example"),
    )
)


def make(folder: Path, *names: str) -> Path:
    """A folder that holds these files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ATTENTION)
    return folder


def show(download: Download, folder: Path) -> list[tuple[str, str, str | None, bool, int]]:
    """Return the fields of the attempts that the tests compare."""
    return [
        (a.student, a.path.relative_to(folder).as_posix(), a.submitted_at, a.late, a.attempt) for a in download.attempts
    ]


def test_canvas(tmp_path: Path) -> None:
    """Name, LATE flag and user id come from Canvas's file names; all files of one user are one attempt."""
    folder = make(
        tmp_path,
        "doejane_1234_9001_attention.py",
        "doejane_LATE_1234_9002_attention-1.py",
        "길동홍_77_9003_어텐션 (1).ipynb",
        "kimminjun_88_text.html",
        "anon_x7Yz_9004_attention.py",
        "von_der_leyen_99_9005_a_b.py",
        "grades.csv",
    )
    assert show(read_class(folder, ROSTER), folder) == [
        ("99", "von_der_leyen_99_9005_a_b.py", None, False, 1),
        ("anon_x7Yz", "anon_x7Yz_9004_attention.py", None, False, 1),
        ("s1", "doejane_LATE_1234_9002_attention-1.py", None, True, 1),
        ("s2", "길동홍_77_9003_어텐션 (1).ipynb", None, False, 1),
        ("s3", "kimminjun_88_text.html", None, False, 1),
    ]


def test_moodle_in_folders(tmp_path: Path) -> None:
    """Each student's folder is one submission; text typed online counts only where there is no file."""
    folder = make(
        tmp_path,
        "Jane Doe_500_assignsubmission_file/attention.py",
        "Jane Doe_500_assignsubmission_onlinetext/onlinetext.html",
        "홍길동_501_assignsubmission_file_/attention.py",
        "Min Jun Kim_502_assignsubmission_onlinetext/onlinetext.html",
    )
    assert show(read_class(folder, ROSTER), folder) == [
        ("s1", "Jane Doe_500_assignsubmission_file", None, False, 1),
        ("s2", "홍길동_501_assignsubmission_file_", None, False, 1),
        ("s3", "Min Jun Kim_502_assignsubmission_onlinetext", None, False, 1),
    ]


def test_moodle_flat(tmp_path: Path) -> None:
    """Without folders the file's own name stands at the end."""
    folder = make(tmp_path, "Jane Doe_500_assignsubmission_file_attention.py", "X Y_9_assignsubmission_file_a_1_2.py")
    assert show(read_class(folder, ROSTER), folder) == [
        ("9", "X Y_9_assignsubmission_file_a_1_2.py", None, False, 1),
        ("s1", "Jane Doe_500_assignsubmission_file_attention.py", None, False, 1),
    ]


def test_moodle_worksheet_tells_time_and_address(tmp_path: Path) -> None:
    """The offline grading worksheet beside the folders says who the participants are and when they handed in."""
    folder = make(
        tmp_path, "Participant_500_assignsubmission_file/attention.py", "Participant_501_assignsubmission_file/b.py"
    )
    (folder / "Grades.csv").write_text(
        "Identifier,Full name,Email address,Last modified (submission)\n"
        'Participant 500,Jane Doe,jane@uni.example,"Friday, 10 October 2025, 10:22 AM"\n'
        "Participant 501,Someone,else@uni.example,vor kurzem\n"
    )
    assert show(read_class(folder, ROSTER), folder) == [
        ("s1", "Participant_500_assignsubmission_file", "2025-10-10T10:22:00", False, 1),
        ("s2", "Participant_501_assignsubmission_file", None, False, 1),
    ]


def test_a_worksheet_from_a_spreadsheet_is_understood(tmp_path: Path) -> None:
    """Saved again with other separators, with rows cut short and with empty ones."""
    folder = make(tmp_path, "P_500_assignsubmission_file/attention.py", "P_501_assignsubmission_file/b.py")
    (folder / "Grades.csv").write_text(
        "Full name;Identifier;Last modified (submission)\nX\n;;\nJane Doe;Participant 500;10/10/25, 10:22\n"
    )
    assert show(read_class(folder), folder) == [
        ("500", "P_500_assignsubmission_file", "2025-10-10T10:22:00", False, 1),
        ("501", "P_501_assignsubmission_file", None, False, 1),
    ]


def test_a_worksheet_that_is_no_text_is_named(tmp_path: Path) -> None:
    """The staff can take it away; no one is named to hand it in again."""
    folder = make(tmp_path, "P_500_assignsubmission_file/attention.py", "Q_501_assignsubmission_file/attention.py")
    (folder / "Grades.csv").write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"Grades\.csv is no table .* pass Moodle.s grading worksheet, or take"):
        read_class(folder)


def test_blackboard(tmp_path: Path) -> None:
    """Attempts are ordered by their times; the receipt is no submission."""
    stem = "Homework 4_jdoe_attempt_2025-10"
    folder = make(
        tmp_path,
        f"{stem}-11-09-00-00_attention.py",
        f"{stem}-10-10-22-05_attention.py",
        f"{stem}-10-10-22-05.txt",
        "Homework 4_other_attempt_2025-99-99-10-22-05_attention.py",
    )
    assert show(read_class(folder, ROSTER), folder) == [
        ("other", "Homework 4_other_attempt_2025-99-99-10-22-05_attention.py", None, False, 1),
        ("s1", f"{stem}-10-10-22-05_attention.py", "2025-10-10T10:22:05", False, 1),
        ("s1", f"{stem}-11-09-00-00_attention.py", "2025-10-11T09:00:00", False, 2),
    ]


def test_brightspace(tmp_path: Path) -> None:
    """The folder's name tells the student and the time, with three or four digits."""
    folder = make(
        tmp_path,
        "12-900 - Jane Doe - Oct 10, 2025 1022 PM/attention.py",
        "12-900 - Jane Doe - Oct 9, 2025 922 AM/attention.py",
        "13-900 - Min Jun - Kim - Feb 31, 2025 922 AM/attention.py",
        "index.html",
    )
    assert show(read_class(folder, ROSTER), folder) == [
        ("s1", "12-900 - Jane Doe - Oct 9, 2025 922 AM", "2025-10-09T09:22:00", False, 1),
        ("s1", "12-900 - Jane Doe - Oct 10, 2025 1022 PM", "2025-10-10T22:22:00", False, 2),
        ("s3", "13-900 - Min Jun - Kim - Feb 31, 2025 922 AM", None, False, 1),
    ]


GRADESCOPE = """\
---
submission_11:
  :submitters:
  - :name: Jane Doe
    :sid: '4711'
    :email: jane@uni.example
  - :name: Someone
    :sid:
    :email: MJ@uni.example
  :created_at: 2025-10-10 10:22:33.500000000 Z
  :score: 3.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    output: |-
      :email: gildong@uni.example
  :history:
  - :id: 10
submission_12:
  :submitters: []
  :created_at: soon
"""


def test_gradescope(tmp_path: Path) -> None:
    """The export's own list names the submitters, the time and the earlier attempts; a group shares a folder."""
    folder = make(tmp_path, "submission_11/attention.py", "submission_12/attention.py", "submission_13/attention.py")
    (folder / "submission_metadata.yml").write_text(GRADESCOPE)
    assert show(read_class(folder, ROSTER), folder) == [
        ("s1", "submission_11", "2025-10-10T10:22:33.500000+00:00", False, 2),
        ("s3", "submission_11", "2025-10-10T10:22:33.500000+00:00", False, 2),
        ("submission_12", "submission_12", "soon", False, 1),
    ]


def test_damaged_gradescope_list_is_the_callers_to_mend(tmp_path: Path) -> None:
    """Without its list no one knows whose submission is whose."""
    (make(tmp_path, "submission_11/attention.py") / "submission_metadata.yml").write_text("a: [")
    with pytest.raises(UsageError, match=r"submission_metadata\.yml cannot be read"):
        read_class(tmp_path)


@pytest.mark.parametrize(
    "record",
    [
        ":submitters: Jane Doe",
        ":submitters: [Jane Doe, 3]",
        ":submitters: {a: 1}",
        ":history: 7",
        ":submitters:\n  - :name: [1]\n    :email: null",
    ],
)
def test_odd_values_in_gradescopes_list_lose_nobody(tmp_path: Path, record: str) -> None:
    """The submission keeps its own label if the list does not say who handed it in."""
    folder = make(tmp_path, "submission_1/attention.py")
    (folder / "submission_metadata.yml").write_text(f"submission_1:\n  {record}\n")
    assert show(read_class(tmp_path), tmp_path) == [("submission_1", "submission_1", None, False, 1)]


def test_a_day_on_no_calendar_is_a_damaged_list(tmp_path: Path) -> None:
    """A list that was edited by hand is named, not passed over."""
    text = "submission_1:\n  :created_at: 2025-02-31 10:00:00\n"
    (make(tmp_path, "submission_1/attention.py") / "submission_metadata.yml").write_text(text)
    with pytest.raises(UsageError, match=r"submission_metadata\.yml cannot be read: day is out of range"):
        read_class(tmp_path)


def test_nbgrader(tmp_path: Path) -> None:
    """`<student>/<assignment>/` with a timestamp; where there are several assignments the student's folder counts."""
    folder = make(tmp_path, "jdoe/a4/attention.py", "s2/a4/attention.py", "mj/a3/seq2seq.py", "mj/a4/attention.py")
    (folder / "jdoe/a4/timestamp.txt").write_text("2025-10-10 10:22:33.000123 UTC\n")
    (folder / "s2/a4/timestamp.txt").write_text("whenever")
    assert show(read_class(folder, ROSTER), folder) == [
        ("s1", "jdoe/a4", "2025-10-10T10:22:33.000123+00:00", False, 1),
        ("s2", "s2/a4", None, False, 1),
        ("s3", "mj", None, False, 1),
    ]


def test_a_timestamp_may_be_anything(tmp_path: Path) -> None:
    """It lies among the student's files: a huge one costs nothing, a binary one tells no time."""
    folder = make(tmp_path, "jdoe/a4/attention.py", "s2/a4/attention.py")
    with (folder / "jdoe/a4/timestamp.txt").open("w") as file:
        file.truncate(8 * 2**30)
    (folder / "s2/a4/timestamp.txt").write_bytes(b"\xff\xfe\x00")
    assert [attempt.submitted_at for attempt in read_class(folder, ROSTER).attempts] == [None, None]


def test_nbgrader_tree_without_timestamps_is_known_by_its_name(tmp_path: Path) -> None:
    """A folder called `submitted` of folders in folders is nbgrader's."""
    folder = make(tmp_path / "submitted", "jdoe/a4/attention.py")
    assert show(read_class(folder, ROSTER), folder) == [("s1", "jdoe/a4", None, False, 1)]


def commit(clone: Path) -> None:
    """Make a repository with one commit."""
    clone.mkdir(parents=True)
    (clone / "attention.py").write_text(ATTENTION)
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.example", "GIT_CONFIG_GLOBAL": os.devnull}
    identity |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.example"}
    identity |= {"GIT_COMMITTER_DATE": "2025-10-10T10:22:33+0900", "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z"}
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", *arguments], cwd=clone, check=True, env={**os.environ, **identity})


def test_github_classroom(tmp_path: Path) -> None:
    """The user's name follows the assignment's; the time is that of the last commit, where there is one."""
    folder = tmp_path / "attention-submissions"
    commit(folder / "attention-jd-codes")
    (folder / "attention-mj/.git").mkdir(parents=True)
    assert show(read_class(folder, ROSTER), folder) == [
        ("s1", "attention-jd-codes", "2025-10-10T10:22:33+09:00", False, 1),
        ("s3", "attention-mj", None, False, 1),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("size", [10, 3 * 10**6, 200 * 2**20])
def test_endless_commit_message_is_not_read(tmp_path: Path, size: int) -> None:
    """The time stands before the message, of which no more than a start is read; what git cannot hold has no time."""
    folder = tmp_path / "attention-submissions"
    clone = folder / "attention-jd-codes"
    commit(clone)
    (tmp_path / "message").write_bytes(b"x" * size)
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.example", "GIT_COMMITTER_NAME": "a"}
    identity |= {"GIT_COMMITTER_EMAIL": "a@b.example", "GIT_COMMITTER_DATE": "2025-10-11T10:22:33+0900"}
    command = ["git", "commit", "-q", "--allow-empty", "-F", str(tmp_path / "message")]
    subprocess.run(command, cwd=clone, check=True, env={**os.environ, **identity})
    tracemalloc.start()
    try:
        [found] = show(read_class(folder, ROSTER), folder)
        assert tracemalloc.get_traced_memory()[1] < 2 * 2**20
    finally:
        tracemalloc.stop()
    assert found[2] == ("2025-10-11T10:22:33+09:00" if size < 64 * 2**20 else None)


def test_clone_cannot_start_a_program(tmp_path: Path) -> None:
    """Reading the time of a commit runs nothing that a clone's configuration names."""
    clone = tmp_path / "attention-submissions/attention-x"
    commit(clone)
    marker = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "gpg.program", "core.sshCommand", "core.editor", "diff.external"):
        subprocess.run(["git", "config", key, str(program)], cwd=clone, check=True)
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": f"ext::{program}",
        "remote.origin.promisor": "true",
        "protocol.ext.allow": "always",
    }.items():
        subprocess.run(["git", "config", key, value], cwd=clone, check=True)
    (clone / ".git/refs/heads").joinpath(next(p.name for p in (clone / ".git/refs/heads").iterdir())).write_text(
        "1" * 40 + "\n"
    )
    assert read_class(tmp_path / "attention-submissions").attempts[0].submitted_at is None
    assert not marker.exists()


def test_plain_folder(tmp_path: Path) -> None:
    """One folder or file a student; ids and names anywhere in the name are found, notes of the assistant are not."""
    folder = make(tmp_path, "s1/attention.py", "a4_gildong_최종.ipynb", "Min Jun Kim.zip", "stranger.py", "notes.md")
    assert show(read_class(folder, ROSTER), folder) == [
        ("s1", "s1", None, False, 1),
        ("s2", "a4_gildong_최종.ipynb", None, False, 1),
        ("s3", "Min Jun Kim.zip", None, False, 1),
        ("stranger", "stranger.py", None, False, 1),
    ]
    assert [a.on_roster for a in read_class(folder, ROSTER).attempts] == [True, True, True, False]


def test_namesakes_are_never_guessed(tmp_path: Path) -> None:
    """A name that two students share matches neither: the file keeps its own label."""
    roster = Roster((Student("1", "Jane Doe"), Student("2", "Doe, Jane")))
    folder = make(tmp_path, "doejane_5_9001_attention.py")
    download = read_class(folder, roster)
    assert [(item.student, item.on_roster) for item in download.attempts] == [("5", False)]
    assert download.warnings == (
        "doejane_5_9001_attention.py: not attributed, since the name 'doejane' could mean Jane Doe (1) and Doe, Jane "
        "(2): fill in the roster's column 'canvas'",
    )


def test_running_numbers_of_one_system_do_not_match_another(tmp_path: Path) -> None:
    """A Moodle participant whose number happens to be somebody's Canvas id is not that somebody."""
    folder = make(tmp_path, "Nobody_1234_assignsubmission_file/attention.py")
    assert read_class(folder, ROSTER).attempts[0].student == "unknown: Nobody_1234_assignsubmission_file"


def test_files_handed_in_together_are_one_attempt(tmp_path: Path) -> None:
    """Of several files of one attempt the one is taken that the rule for folders would take."""
    folder = make(tmp_path, "doejane_1234_9001_attention.py", "doejane_1234_9002_report.pdf")
    (folder / "doejane_1234_9000_a_helper.py").write_text("def helper(): pass\n")
    attempts = read_class(folder, module="attention.py", defines=["LuongAttention"])
    assert show(attempts, folder) == [("1234", "doejane_1234_9001_attention.py", None, False, 1)]


def test_latest_attempt_counts(tmp_path: Path) -> None:
    """`keep_latest` leaves one attempt a student."""
    stem = "HW_jdoe_attempt_2025-10"
    folder = make(tmp_path, f"{stem}-10-10-22-05_a.py", f"{stem}-11-10-22-05_a.py")
    attempts = keep_latest(read_class(folder).attempts)
    assert [(a.student, a.attempt, a.entry) for a in attempts] == [("jdoe", 2, f"{stem}-11-10-22-05_a.py")]


def test_folder_around_a_download_is_passed_through(tmp_path: Path) -> None:
    """Unpacking often makes one more folder; a class of one student's plain folder is left alone."""
    make(tmp_path / "a/submissions", "doejane_1234_9001_attention.py")
    assert read_class(tmp_path / "a").attempts[0].student == "1234"
    make(tmp_path / "b/only student", "attention.py")
    assert read_class(tmp_path / "b").attempts[0].student == "only student"


def test_links_in_a_class_folder_are_not_followed(tmp_path: Path) -> None:
    """A link among the submissions could lead to a solution."""
    folder = make(tmp_path / "class", "s1/attention.py")
    (folder / "s2").symlink_to(tmp_path)
    assert [a.student for a in read_class(folder).attempts] == ["s1"]


ENTRIES = {
    "canvas": ("doejane_1234_9001_attention.py", "roeben_1235_9002_attention.py"),
    "moodle": ("Jane_1_assignsubmission_file_attention.py", "Ben_2_assignsubmission_file_attention.py"),
    "moodle folders": ("Jane_1_assignsubmission_file_/attention.py", "Ben_2_assignsubmission_file_/attention.py"),
    "github": ("lab-jane/.git/HEAD", "lab-ben/.git/HEAD"),
    "plain": ("jane.py", "ben.py"),
    "plain folders": ("jane/attention.py", "ben/attention.py"),
}


def make_link(path: Path) -> None:
    """A link to a file elsewhere."""
    path.symlink_to(__file__)


def make_hard_link(path: Path) -> None:
    """Another name of a file elsewhere."""
    secret = path.parent / ".secret"
    secret.write_text("x")
    os.link(secret, path)


@pytest.mark.parametrize("make_irregular", [make_link, os.mkfifo, make_hard_link])
@pytest.mark.parametrize("kind", ENTRIES)
def test_irregular_files_are_neither_read_nor_waited_for(
    tmp_path: Path, kind: str, make_irregular: Callable[[Path], None]
) -> None:
    """In every layout and at every level; what lies at the top is named with the reason."""
    first, second = ENTRIES[kind]
    folder = make(tmp_path / "class", first, second)
    (folder / second).unlink()
    make_irregular(folder / second)
    download = read_class(folder, module="attention.py", defines=["attend"])
    if "/" not in second:
        assert [attempt.entry for attempt in download.attempts] == [first]
        assert any(item.entry == second and "not read" in item.reason for item in download.ignored)
    for attempt in download.attempts:
        if attempt.entry == second.partition("/")[0]:
            assert read_submission(attempt.path, module="attention.py").refused


PIECES = (
    "jdoe", "홍길동", "LATE", "1234", "9001", "attention", "attempt", "2025-10-11-09-00-00", "assignsubmission", "file",
    "onlinetext", " - ", "Oct 10, 2025 1022 PM", "12-900", "_", "__", "-1", ".", ".py", ".zip", "text.html", "anon",
    "٣", "\n",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_no_names_of_files_break_a_layout(tmp_path: Path, seed: int) -> None:
    """Entries of any name end up with one student, inside the folder, or are listed as ignored."""
    chance = random.Random(seed)
    for _ in range(8):
        name = "_".join(chance.choices(PIECES, k=chance.randint(1, 6)))
        path = tmp_path / name
        if chance.random() < 0.5:
            path.mkdir(exist_ok=True)
        elif not path.exists():
            path.write_text(ATTENTION)
    try:
        download = read_class(tmp_path, ROSTER, module="attention.py", defines=["LuongAttention"])
    except SubmissionNotFound:
        return
    attempts = download.attempts
    entries = {attempt.entry for attempt in attempts} | {item.entry for item in download.ignored}
    assert entries == {read_name(path.name) for path in tmp_path.iterdir()}
    assert not {attempt.entry for attempt in attempts} & {item.entry for item in download.ignored}
    assert all(attempt.student and attempt.path.parent == tmp_path for attempt in attempts)
    numbers = [(attempt.student, attempt.attempt) for attempt in attempts]
    assert len(set(numbers)) == len(numbers)


def test_nothing_to_grade_is_a_usage_error(tmp_path: Path) -> None:
    """An empty or missing folder says what was expected."""
    with pytest.raises(
        SubmissionNotFound, match=r"nothing to grade in .* expected a folder or a file for each student"
    ):
        read_class(tmp_path)
    with pytest.raises(SubmissionNotFound, match="no folder "):
        read_class(tmp_path / "gone")
