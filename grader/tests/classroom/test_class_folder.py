"""A class as it comes: every layout that systems write, and every trouble that students hand in, graded or refused.

What is judged is the way in, so submissions of ours are run without the jail; hostile ones only reach the reader.
"""

import json
import subprocess
import tarfile
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.classroom.class_folder import collect_submissions, list_jobs
from grader.grading.job import Job
from grader.grading.worker import Worker
from grader.intake.roster import Roster, Student
from grader.model.assignment import Assignment
from grader.model.report import GradeReport
from grader.tests.support.intake_samples import make_notebook, make_tar, make_zip
from grader.tests.support.toy import open_project

DOUBLE = "def double(number):\n    return number * 2\n"
SHOUT = "def shout(word):\n    return word.upper()\n"
RIGHT = f"{DOUBLE}\n\n{SHOUT}"
HALF = f"def double(number):\n    return number + 1\n\n\n{SHOUT}"
ROSTER = Roster(
    (
        Student("s1", "Jane Doe", "jane@uni.example", keys={"canvas": "1234", "login": "jdoe", "github": "jd-codes"}),
        Student("s2", "홍길동", "gildong@uni.example", keys={"canvas": "77", "moodle": "501", "login": "gildong"}),
        Student("s3", "Kim, Min Jun", "mj@uni.example"),
    )
)
Files = Mapping[str, str | bytes]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assignment]:
    """The toy course, in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        yield open_project(patch, tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def worker(toy: Assignment) -> Iterator[Worker]:
    """An examiner without a zygote."""
    with Worker(toy, isolation="none", prewarm=False) as examiner:
        yield examiner


def lay_out(folder: Path, files: Files) -> Path:
    """Write these files below `folder`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


METADATA = """\
submission_11:
  :submitters:
  - :name: Jane Doe
    :sid: s1
  :created_at: 2025-10-10 10:22:33.500000000 Z
submission_12:
  :submitters:
  - :name: 홍길동
    :email: gildong@uni.example
  :created_at: 2025-10-10 10:22:33.500000000 Z
"""
# Of each system: s1 hands in what is right, s2 what is half right, in a notebook where the layout tells files apart.
NOTEBOOK = make_notebook("print('driver')", HALF)
LAYOUTS: dict[str, Files] = {
    "canvas": {
        "doejane_1234_9001_toy.py": "def double(: never parsed",
        "doejane_LATE_1234_9002_toy-1.py": RIGHT,
        "길동홍_77_9003_토이 (1).ipynb": NOTEBOOK,
    },
    "moodle": {
        "Jane Doe_500_assignsubmission_file/toy.py": RIGHT,
        "홍길동_501_assignsubmission_file/toy.ipynb": NOTEBOOK,
    },
    "moodle_flat": {
        "Jane Doe_500_assignsubmission_file_toy.py": RIGHT,
        "홍길동_501_assignsubmission_file_toy.ipynb": NOTEBOOK,
    },
    "blackboard": {
        "Homework 4_jdoe_attempt_2025-10-11-09-00-00_toy.py": RIGHT,
        "Homework 4_jdoe_attempt_2025-10-10-09-00-00_toy.py": HALF,
        "Homework 4_jdoe_attempt_2025-10-11-09-00-00.txt": "a receipt",
        "Homework 4_gildong_attempt_2025-10-10-22-05-00_toy.ipynb": NOTEBOOK,
    },
    "brightspace": {
        "12-900 - Jane Doe - Oct 10, 2025 1022 PM/toy.py": RIGHT,
        "13-900 - 홍길동 - Oct 10, 2025 922 AM/toy.ipynb": NOTEBOOK,
        "index.html": "<html>",
    },
    "gradescope": {
        "submission_11/toy.py": RIGHT,
        "submission_12/toy.ipynb": NOTEBOOK,
        "submission_metadata.yml": METADATA,
    },
    "submitted": {
        "s1/toy/toy.py": RIGHT,
        "s1/toy/timestamp.txt": "2025-10-10 10:22:33 UTC",
        "s2/toy/toy.ipynb": NOTEBOOK,
    },
    "toy-submissions": {
        "toy-jd-codes/toy.py": RIGHT,
        "toy-jd-codes/.git/HEAD": "ref: refs/heads/main",
        "toy-gildong/toy.ipynb": NOTEBOOK,
        "toy-gildong/.git/HEAD": "ref: refs/heads/main",
    },
    "around/by_hand": {"Jane Doe.zip": make_zip({"toy.py": RIGHT}), "a4_gildong_최종.ipynb": NOTEBOOK},
}  # fmt: skip


@dataclass(frozen=True)
class Trouble:
    """Files of one student; the score they get, None where they are refused; and words that the report must hold."""

    files: Files
    score: float | None
    words: str = ""


def trouble(score: float | None, words: str = "", **files: str | bytes) -> Trouble:
    """Files by their names, with `__` for the dot before the ending."""
    return Trouble({name.replace("__", "."): content for name, content in files.items()}, score, words)


def make_link() -> bytes:
    """A tar with a link in it."""
    link = tarfile.TarInfo("toy.py")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return make_tar({}, link)


def make_device() -> bytes:
    """A tar with a device in it."""
    device = tarfile.TarInfo("toy.py")
    device.type = tarfile.CHRTYPE
    return make_tar({}, device)


def make_old_notebook(text: str) -> str:
    """The same in nbformat 3."""
    cell = {"cell_type": "code", "language": "python", "collapsed": False, "input": text, "outputs": []}
    return json.dumps({"metadata": {}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": [cell]}]})


def make_locked() -> bytes:
    """A .zip that says it has a password."""
    data = bytearray(make_zip({"toy.py": RIGHT}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


NEVER = "raise AssertionError('driver code ran')\n"
TROUBLES: dict[str, Trouble] = {
    "module": trouble(100, toy__py=RIGHT),
    "notebook": trouble(100, toy__ipynb=make_notebook(RIGHT)),
    "old_notebook": trouble(100, toy__ipynb=make_old_notebook(RIGHT)),
    "zip": trouble(100, toy__zip=make_zip({"hw/toy.py": RIGHT, "__MACOSX/._toy.py": "junk"})),
    "tar": Trouble({"toy.tar.gz": make_tar({"hw/toy.py": RIGHT})}, 100),
    "driver": trouble(100, toy__py=f"{RIGHT}\n{NEVER}"),
    "driver_above": trouble(100, toy__py=f"{NEVER}{RIGHT}"),
    "exit": trouble(100, toy__py=f"raise SystemExit\n{RIGHT}\ninput()\nexit()\n"),
    "training": trouble(100, toy__py=f"while True:\n    pass\nfor step in range(10**12): pass\n{RIGHT}"),
    "failing_import_above": trouble(100, toy__ipynb=make_notebook(f"import no_such_package\n{NEVER}{RIGHT}")),
    "broken_cell": trouble(100, "cell 1", toy__ipynb=make_notebook("def broken(:", DOUBLE, SHOUT)),
    "magics": trouble(100, toy__ipynb=make_notebook("!wget x\n%pip install y\n" + DOUBLE, "%%time\n" + SHOUT)),
    "package_used": trouble(40, "no_such_package", toy__py="import no_such_package as n\ndef double(x):\n"
                                                           f"    return n.double(x)\n{SHOUT}"),
    "last_wins": trouble(100, toy__ipynb=make_notebook(HALF, RIGHT)),
    "spread": trouble(100, toy__ipynb=make_notebook(
        "class A:\n    pass", "class A(A):\n    def f(self, x): return x * F", "F = 1", "A.g = A.f", "F = 2",
        "double = lambda number: A().g(number)", SHOUT)),
    "undefined": trouble(40, "cell 1, line 1 seems to define it", toy__ipynb=make_notebook(
        "FACTOR = 2 +", "def double(x):\n    return x * FACTOR", SHOUT)),
    "bom": trouble(100, toy__py=b"\xef\xbb\xbf" + RIGHT.encode()),
    "utf16": trouble(100, toy__py=f"# 두 배\n{RIGHT}".encode("utf-16")),
    "cp949": trouble(100, toy__py=f"# 두 배로 만든다\n{RIGHT}".encode("cp949")),
    "crlf": trouble(100, toy__py=RIGHT.replace("\n", "\r\n")),
    "tabs": trouble(100, toy__py=f"def double(x):\n\tif x:\n        \treturn x * 2\n\treturn 0\n{SHOUT}"),
    "hangul": Trouble({unicodedata.normalize("NFD", "과제 최종.py"): RIGHT}, 100),
    "copy": Trouble({"toy (1).ipynb": make_notebook(RIGHT)}, 100),
    "renamed": trouble(100, homework__py=RIGHT, notes__py="x = 1\n"),
    "several": trouble(100, "was not used", toy__py=HALF.replace("number + 1", "FIXME('double')"), other__py=RIGHT),
    "wrong_name": trouble(100, toy__txt=RIGHT, toy__py=make_notebook(RIGHT)),
    "outputs": trouble(100, toy__ipynb=make_notebook(RIGHT, outputs=[{"data": {"image/png": "A" * 5_000_000}}])),
    "empty": trouble(None, "toy.py", toy__py=""),
    "broken": trouble(None, "does not parse", toy__py="def double(:\n"),
    "bytes": trouble(None, "toy.py", toy__py=bytes(range(256)) * 4),
    "pdf": trouble(None, "no toy.py", report__pdf="%PDF-1.4"),
    "traversal": trouble(None, "leads out of the archive", toy__zip=make_zip({"../toy.py": RIGHT})),
    "absolute": trouble(None, "is an absolute path", toy__zip=make_zip({"/tmp/toy.py": RIGHT})),
    "link": trouble(None, "is a link", toy__tgz=make_link()),
    "device": trouble(None, "is a device", toy__tgz=make_device()),
    "bomb": trouble(None, "too much for its size", toy__zip=make_zip({"toy.py": RIGHT, "x": bytes(64 * 2**20)})),
    "crowd": trouble(None, "more than 10000 files", toy__zip=make_zip({str(n): "" for n in range(10_001)})),
    "deep": trouble(None, "folders deep", toy__zip=make_zip({"a/" * 40 + "toy.py": RIGHT})),
    "collision": trouble(None, "the same file", toy__zip=make_zip({"toy.py": RIGHT, "Toy.py": HALF})),
    "locked": trouble(None, "locked with a password", toy__zip=make_locked()),
    "cut_off": trouble(None, "damaged", toy__zip=make_zip({"toy.py": RIGHT})[:-30]),
}  # fmt: skip


def list_files(folder: Path) -> set[Path]:
    """Everything that lies there."""
    return set(folder.rglob("*"))


def check_trouble(name: str, report: GradeReport) -> None:
    """It is what the table says, and says why in words for a student."""
    expected = TROUBLES[name]
    said = "\n".join([*report.submission.notes, *(test.message for test in report.tests)])
    assert (name, report.status, report.score) == (name, "graded", expected.score or 0)
    assert expected.words in said, f"{name}: {said}"
    assert "Traceback" not in report.model_dump_json(), name
    if expected.score is None:
        assert report.submission.notes and {test.message for test in report.tests} == {report.submission.notes[0]}


def test_every_trouble_is_graded_or_refused_with_a_reason(worker: Worker, tmp_path: Path) -> None:
    """One student each: no one is lost, no one costs another a point, and nothing is unpacked anywhere."""
    for name, case in TROUBLES.items():
        lay_out(tmp_path / "class" / name, case.files)
    before = list_files(tmp_path)
    reports = {job.student: worker.grade(job, in_process=True) for job in list_jobs(tmp_path / "class")}
    assert list_files(tmp_path) == before
    assert reports.keys() == TROUBLES.keys()
    for name, report in reports.items():
        check_trouble(name, report)


def test_every_layout_is_graded(worker: Worker, tmp_path: Path) -> None:
    """Each system's download: both students under the roster's ids, their last attempts, and who is missing."""
    scores = {}
    for name, files in LAYOUTS.items():
        roll = collect_submissions(lay_out(tmp_path / name, files), worker.assignment, ROSTER)
        scores[name] = {job.student: worker.grade(job, in_process=True).score for job in roll.jobs}
        assert (roll.not_on_roster, roll.missing) == ((), ("s3",)), name
        assert roll.late == (("s1",) if name == "canvas" else ())
    assert scores == {name: {"s1": 100, "s2": 40} for name in LAYOUTS}


def test_a_clone_is_graded(worker: Worker, tmp_path: Path) -> None:
    """With the time of its last commit."""
    for student, text in (("jd-codes", RIGHT), ("gildong", HALF)):
        clone = lay_out(tmp_path / "class" / f"toy-{student}", {"toy.py": text})
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
            subprocess.run([*git, *arguments], cwd=clone, check=True)
    jobs = collect_submissions(tmp_path / "class", worker.assignment, ROSTER).jobs
    assert {job.student: worker.grade(job, in_process=True).score for job in jobs} == {"s1": 100, "s2": 40}
    assert all(job.submitted_at for job in jobs)


@pytest.mark.parametrize(("text", "score"), [(RIGHT, 100), (HALF, 40), (f"{NEVER}{SHOUT}", 40)])
def test_a_module_a_notebook_and_a_zip_get_the_same(worker: Worker, tmp_path: Path, text: str, score: float) -> None:
    """The same code in every form: the same score, and the same verdict on each test."""
    forms: dict[str, str | bytes] = {
        "toy.py": text,
        "toy.ipynb": make_notebook(text),
        "toy.zip": make_zip({"toy.py": text}),
        "notebook.zip": make_zip({"hw/toy.ipynb": make_notebook(text)}),
        "toy.tar.gz": make_tar({"toy.py": text}),
        "folder/toy.py": text,
    }
    lay_out(tmp_path / "forms", forms)
    paths = [tmp_path / "forms" / name.removesuffix("/toy.py") for name in forms]
    reports = [worker.grade(Job(path), in_process=True) for path in paths]
    assert [report.score for report in reports] == [score] * len(forms)
    assert len({tuple((test.id, test.status) for test in report.tests) for report in reports}) == 1


def test_without_a_roster_every_entry_is_a_student(toy: Assignment, tmp_path: Path) -> None:
    """In a folder that a person made; two files of one name are not taken for one attempt."""
    folder = lay_out(tmp_path / "class", {"kim.py": RIGHT, "kim.ipynb": NOTEBOOK, "lee.py": HALF})
    assert [job.student for job in collect_submissions(folder, toy).jobs] == ["kim.ipynb", "kim.py", "lee"]
    assert [job.student for job in collect_submissions(lay_out(tmp_path / "canvas", LAYOUTS["canvas"]), toy).jobs] == [
        "1234",
        "77",
    ]


def test_every_attempt_may_be_the_best(toy: Assignment, tmp_path: Path) -> None:
    """Each attempt is graded if the best one counts; else the last alone."""
    best = toy.model_copy(update={"description": toy.description.model_copy(update={"attempt": "best"})})
    folder = lay_out(tmp_path / "blackboard", LAYOUTS["blackboard"])
    assert [job.student for job in collect_submissions(folder, best, ROSTER).jobs] == ["s1", "s1", "s2"]
    assert [job.student for job in collect_submissions(folder, toy, ROSTER).jobs] == ["s1", "s2"]


def test_whoever_is_on_no_roster_is_named(toy: Assignment, tmp_path: Path) -> None:
    """And graded under the label of the download."""
    roll = collect_submissions(
        lay_out(tmp_path / "class", {"x_99_1_toy.py": RIGHT, "y_77_2_toy.py": RIGHT}), toy, ROSTER
    )
    assert ([job.student for job in roll.jobs], roll.not_on_roster, roll.missing) == (
        ["99", "s2"],
        ("99",),
        ("s1", "s3"),
    )
