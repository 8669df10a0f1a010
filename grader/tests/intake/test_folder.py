"""Directories and clones: which file is the submission."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.intake import read_submission
from grader.model.errors import SubmissionNotFound
from grader.model.submission import Submission
from grader.tests.support.intake_samples import ATTENTION, load, make_notebook, make_zip

OPEN = ATTENTION.replace("math.sqrt(h)", "FIXME('score')")
TWO = ATTENTION + "\n\nclass AttentionDecoder:\n    pass\n"


def read(folder: Path, files: dict[str, str | bytes], module: str = "attention.py") -> Submission:
    """Hand in a directory with these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_submission(folder, module=module, defines=["LuongAttention", "AttentionDecoder"])


@pytest.mark.parametrize(
    "name",
    [
        "attention.py",
        "attention.ipynb",
        "attention (1).ipynb",
        "Attention.PY",
        "attention-1.py",
        "attention - 복사본.py",
        "attention.py.txt",
        "deep/in/folders/attention.py",
        "my homework.py",
        "어텐션.ipynb",
    ],
)
def test_file_is_found_by_what_it_defines(tmp_path: Path, name: str) -> None:
    """A copy's mark, another name, a deeper folder: the file that defines the names is the submission."""
    content = make_notebook(ATTENTION) if ".ipynb" in name else ATTENTION
    submission = read(tmp_path, {name: content, "notes.py": "x = 1\n", "data.csv": "1,2\n"})
    assert submission.files[0].path == name
    assert load(submission).LuongAttention


@pytest.mark.parametrize(
    ("better", "files"),
    [
        ("other.py", {"other.py": TWO, "attention.py": ATTENTION}),
        ("attention.ipynb", {"attention.ipynb": make_notebook(ATTENTION), "attention.py": OPEN}),
        ("attention (1).py", {"attention (1).py": ATTENTION, "attention.py": OPEN}),
        ("attention.py", {"attention.py": ATTENTION, "attention (1).py": ATTENTION}),
        ("attention (1).py", {"attention (1).py": ATTENTION, "old.py": ATTENTION}),
        ("attention.py", {"attention.py": ATTENTION, "attention.ipynb": make_notebook(ATTENTION)}),
        ("attention.py", {"attention.py": ATTENTION, "backup/attention.py": ATTENTION}),
        ("a/attention.py", {"a/attention.py": ATTENTION, "b/attention.py": ATTENTION}),
        ("good.py", {"good.py": ATTENTION, "attention.py": "def f(:\n"}),
        ("attention.py", {"attention.py": "x = 1\ndef f(): return x\n", "notes.py": "y = 2\n"}),
    ],
)
def test_rule_between_several_candidates(tmp_path: Path, better: str, files: dict[str, str]) -> None:
    """Most expected names, fewest open TODOs, expected name, module before notebook, shallowest, alphabet."""
    assert read(tmp_path, dict(files)).files[0].path == better


def test_candidates_that_were_not_used_are_named(tmp_path: Path) -> None:
    """The student sees which file counted, and why another did not."""
    submission = read(tmp_path, {"attention.py": ATTENTION, "attention.ipynb": make_notebook(OPEN), "x.py": "def f(:"})
    assert submission.left_out[:1] == ("attention.ipynb was not used, attention.py was: it has more open TODOs",)
    assert submission.left_out[1].startswith("x.py was not used: x.py does not parse: ")


def test_module_that_lies_beside_is_named(tmp_path: Path) -> None:
    """An import of the student's own second module cannot work, and that is said."""
    submission = read(tmp_path, {"attention.py": "from helpers import h\n" + ATTENTION + "y = h\ndef f(): y()\n",
                                 "helpers.py": "def h(): pass\n"})  # fmt: skip
    assert (
        submission.left_out == ("line 1: helpers.py is not taken along; move what is needed into attention.py",)
        or "line 1: an import that no definition needs was not run" in submission.left_out
    )


def test_git_clone_is_read(tmp_path: Path) -> None:
    """A clone is a directory; what git keeps for itself is not looked at."""
    work = tmp_path / "work"
    read_before = read(work, {"hw/attention.py": ATTENTION})
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=main"]
    for arguments in (["init", "-q", "."], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *arguments], cwd=work, check=True)
    subprocess.run([*git, "clone", "-q", str(work), str(tmp_path / "clone")], check=True)
    (tmp_path / "clone/.git/hooks/attention.py").write_text(TWO)
    clone = read_submission(tmp_path / "clone", module="attention.py", defines=["LuongAttention"])
    assert (clone.id, clone.source) == (read_before.id, read_before.source)


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link to a file outside, such as a solution, is not read, and that is said."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "attention.py").write_text(TWO)
    folder = tmp_path / "hw"
    folder.mkdir()
    (folder / "attention.py").symlink_to(secret / "attention.py")
    (folder / "more").symlink_to(secret)
    submission = read(folder, {"notes.py": ATTENTION})
    assert submission.files[0].path == "notes.py"
    assert submission.left_out == ("attention.py is a link and was not read", "more is a link and was not read")


def test_pipe_does_not_block(tmp_path: Path) -> None:
    """A named pipe is no file, whether it is handed in itself or lies in a folder."""
    os.mkfifo(tmp_path / "attention.py")
    assert "is empty" in read(tmp_path, {}).refused
    submission = read_submission(tmp_path / "attention.py", module="attention.py")
    assert submission.refused == "attention.py is no regular file: hand in attention.py"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "hw is empty: hand in attention.py or its notebook"),
        (
            {"a.txt": "x", "b.pdf": "y"},
            "no attention.py in hw: found a.txt, b.pdf; hand in attention.py or its notebook",
        ),
        (
            {"my.py": "class LuongAttn: pass\n"},
            "no file in hw defines AttentionDecoder, LuongAttention: found my.py, which define LuongAttn; "
            "hand in attention.py, and keep the skeleton's names",
        ),
        ({"attention.py": "def f(:\n"}, "attention.py does not parse: invalid syntax (line 1)"),
        ({"hw.zip": make_zip({"a.txt": "x"})}, "no attention.py in hw.zip: found hw.zip/a.txt"),
        ({"hw.zip": make_zip({"../attention.py": "x"})}, "hw.zip was not opened: '../attention.py' leads out"),
        ({f"{n}.zip": make_zip({}) for n in range(6)}, "hw holds 6 archives: hand in attention.py itself"),
    ],
)
def test_folder_without_a_submission_is_refused(tmp_path: Path, files: dict[str, str | bytes], reason: str) -> None:
    """The reason says what was expected, what was found, and what to do."""
    (tmp_path / "hw").mkdir()
    submission = read(tmp_path / "hw", files)
    assert submission.refused.startswith(reason)
    assert len(submission.id) == 64


def test_archive_in_a_folder_is_opened(tmp_path: Path) -> None:
    """The submission is looked for in the archive if a folder holds nothing else."""
    assert read(tmp_path, {"sub/hw.zip": make_zip({"x/attention.py": ATTENTION})}).files[0].path == (
        "sub/hw.zip/x/attention.py"
    )


def test_folder_with_too_many_files_is_refused(tmp_path: Path) -> None:
    """A dataset that was handed in along with the code is refused rather than searched."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(10_001):
        (folder / f"{number}.txt").touch()
    assert "holds more than 10000 files or 32 levels of folders" in read(tmp_path, {}).refused


def test_folder_that_may_not_be_read_is_not_the_students_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the machine refuses to read is reported to the caller, never as a refused submission."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("grader.intake.folder.os.scandir", refuse)
    with pytest.raises(SubmissionNotFound, match="cannot be read: Permission denied; check its rights"):
        read_submission(tmp_path, module="attention.py")


def test_file_names_in_cp949_bytes_are_shown_as_hangul(tmp_path: Path) -> None:
    """An old unzip leaves names as cp949 bytes; they are read and reported as text."""
    path = os.fsencode(tmp_path) + b"/" + "과제.py".encode("cp949")
    with open(path, "w", encoding="utf-8") as file:
        file.write(ATTENTION)
    assert read(tmp_path, {}).files[0].path == "과제.py"


def test_intake_imports_nothing_heavy() -> None:
    """Reading a module needs neither torch nor IPython nor nbformat."""
    code = (
        "import sys, grader.intake; from pathlib import Path;"
        "grader.intake.read_submission(Path(grader.intake.__file__), module='a.py');"
        "print(sorted({'torch', 'IPython', 'nbformat', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
