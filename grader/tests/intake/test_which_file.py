"""Several files that may be the submission, files of another assignment, and files that are no code."""

import datetime
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.intake import ANOTHER, read_submission
from grader.model.submission import Submission
from grader.tests.support.intake_samples import hand_in, make_notebook

FILLED = "class Attention:\n    def forward(self): return 1\n"
HALF = FILLED + "class Decoder:\n    def forward(self):\n        return FIXME('b')\n"
BOTH = "class Attention:\n    def forward(self): return 1\nclass Decoder: pass\n"


def read(folder: Path, files: Mapping[str, tuple[str, int]]) -> Submission:
    """Read a folder of files, each with its text and its age in minutes."""
    for name, (text, age) in files.items():
        path = folder / "hw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (2e9 - age * 60, 2e9 - age * 60))
    return read_submission(folder / "hw", module="attention.py", defines=["Attention", "Decoder"])


@pytest.mark.parametrize(
    ("files", "chosen", "reason"),
    [
        ({"attention.py": (FILLED, 0), "new.py": (BOTH, 90)}, "new.py", "it defines less of what is asked for"),
        (
            {"attention_v2_FINAL.py": (BOTH, 0), "old/attention.py": (BOTH, 0)},
            "attention_v2_FINAL.py",
            "it is put aside",
        ),
        ({"a.py": (BOTH, 90), "backup_2/attention.py": (BOTH, 0)}, "a.py", "it is put aside"),
        ({"attention.py": (BOTH, 90), "attention_old.py": (BOTH, 0)}, "attention.py", "it is put aside"),
        ({"a.py": (BOTH, 90), "Backup/x/attention.py": (BOTH, 0)}, "a.py", "it is put aside"),
        ({"attention.py": (HALF, 0), "attention (1).py": (BOTH, 90)}, "attention (1).py", "it has more open TODOs"),
        ({"attention.py": (BOTH, 90), "attention (1).py": (BOTH, 0)}, "attention (1).py", "it is older"),
        ({"attention.py": (BOTH, 90), "attention.ipynb": (make_notebook(BOTH), 0)}, "attention.ipynb", "it is older"),
        ({"attention.py": (BOTH, 1), "attention (1).py": (BOTH, 0)}, "attention.py", "its name is not the one"),
        ({"a.py": (BOTH, 1), "b.py": (BOTH, 0)}, "a.py", "it comes later in the alphabet"),
    ],
)
def test_file_is_chosen_by_the_rule(
    tmp_path: Path, files: dict[str, tuple[str, int]], chosen: str, reason: str
) -> None:
    """Each part of the rule decides where those before it do not, and is named as the reason."""
    submission = read(tmp_path, files)
    assert submission.files[0].path == chosen
    [other] = files.keys() - {chosen}
    assert any(note.startswith(f"{other} was not used, {chosen} was: {reason}") for note in submission.left_out)


def test_skeleton_beside_work_that_was_put_aside_loses(tmp_path: Path) -> None:
    """A file in which nothing is filled in is not preferred for its place."""
    skeleton = (
        "class Attention:\n    def forward(self):\n        return FIXME('a')\nclass Decoder:\n    x = FIXME('b')\n"
    )
    submission = read(tmp_path, {"attention.py": (skeleton, 0), "old/attention.py": (BOTH, 90)})
    assert submission.files[0].path == "old/attention.py"
    assert "attention.py was not used, old/attention.py was: it is not filled in" in submission.left_out


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_newest_file_of_an_archive_counts(tmp_path: Path, kind: str) -> None:
    """An archive holds the times of its files."""
    data = io.BytesIO()
    files = {"attention.py": 2024, "attention (1).py": 2025}
    if kind == "zip":
        with zipfile.ZipFile(data, "w") as archive:
            for name, year in files.items():
                archive.writestr(zipfile.ZipInfo(name, (year, 5, 1, 0, 0, 0)), BOTH)
    else:
        with tarfile.open(fileobj=data, mode="w") as packed:
            for name, year in files.items():
                info = tarfile.TarInfo(name)
                info.size, info.mtime = len(BOTH), int(datetime.datetime(year, 5, 1).timestamp())
                packed.addfile(info, io.BytesIO(BOTH.encode()))
    path = tmp_path / f"hw.{kind}"
    path.write_bytes(data.getvalue())
    submission = read_submission(path, module="attention.py", defines=["Attention", "Decoder"])
    assert submission.files[0].path.endswith("attention (1).py")


def test_impossible_time_in_an_archive_is_no_time(tmp_path: Path) -> None:
    """Some programs write a month of zero."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(zipfile.ZipInfo("attention.py", (1980, 0, 0, 0, 0, 0)), BOTH)
    path = tmp_path / "hw.zip"
    path.write_bytes(data.getvalue())
    assert read_submission(path, module="attention.py", defines=["Attention"]).definitions


@pytest.mark.parametrize("name", ["attention.py", "rnn.py", "attention.ipynb"])
def test_file_of_another_assignment_is_named(tmp_path: Path, name: str) -> None:
    """A file without any of the names is graded as it stands, and staff learn what it probably is."""
    text = "class RNN: pass\n"
    submission = hand_in(tmp_path, make_notebook(text) if name.endswith("nb") else text, name, ["Attention", "Decoder"])
    assert f"{name} defines none of Attention, Decoder: {ANOTHER}" in submission.left_out
    assert not any(note.endswith(ANOTHER) for note in hand_in(tmp_path, FILLED, name, ["Attention"]).left_out)


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
COLAB = "https://colab.research.google.com/drive/1AbC?usp=sharing"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "is a PDF, and a print-out cannot be run"),
        (b"\n%PDF-1.4\n", "is a PDF"),
        (LFS, "is a Git LFS pointer, not the file: run `git lfs pull`"),
        (LFS.replace(b"\n", b"\r\n"), "is a Git LFS pointer"),
        (b"\xef\xbb\xbf" + LFS, "is a Git LFS pointer"),
        (COLAB.encode(), f"holds no more than a link ({COLAB})"),
        (f"My homework: {COLAB}\nthanks!\n".encode(), f"holds no more than a link ({COLAB})"),
        (json.dumps({"url": COLAB, "doc_id": "1AbC", "email": "a@b.example"}).encode(), "holds no more than a link"),
        (b"[InternetShortcut]\r\nURL=https://a.example/hw.ipynb\r\n", "holds no more than a link"),
        (b"https://drive.google.com/file/d/1/view", "File, Download, Download .ipynb"),
        (b"", "is empty: save"),
        (b" \n\t\n", "is empty: save"),
        (b"\x89PNG\r\n\x1a\n", "is a picture"),
        (b"\xff\xd8\xff\xe0JFIF", "is a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an Office document"),
        (b"<!DOCTYPE html><html>", "is a web page"),
    ],
)
@pytest.mark.parametrize("name", ["attention.py", "attention.ipynb", "attention (1).ipynb"])
def test_file_that_is_no_code_is_called_what_it_is(tmp_path: Path, content: bytes, reason: str, name: str) -> None:
    """The sentence says what was handed in, under any name."""
    assert reason in hand_in(tmp_path, content, name, ["Attention"]).refused


@pytest.mark.parametrize(
    "text",
    [
        f"# {COLAB}\n{FILLED}",
        f'"""From {COLAB}"""\n{FILLED}',
        f"url = '{COLAB}'\n{FILLED}",
        f"import torch\n# see https://a.example\n{FILLED}",
        f"{FILLED}# version https://git-lfs.github.com/spec/v1\n",
        make_notebook(f"# {COLAB}\n{FILLED}"),
    ],
)
def test_code_that_holds_a_link_is_code(tmp_path: Path, text: str) -> None:
    """A link in a comment or a notebook's badge is no reason to refuse it."""
    assert hand_in(tmp_path, text, "attention.py", ["Attention"]).definitions


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("report.pdf", b"%PDF-1.4", "report.pdf is a PDF"),
        ("hw.url", b"[InternetShortcut]\nURL=https://a.example/x\n", "hw.url holds no more than a link"),
        ("screen.png", b"\x89PNG\r\n\x1a\n", "screen.png is a picture"),
    ],
)
def test_folder_without_code_says_what_is_in_it(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    """The first file of a known kind is named if no file may be code."""
    (tmp_path / name).write_bytes(content)
    refused = read_submission(tmp_path, module="attention.py", defines=["Attention"]).refused
    assert refused.startswith("no attention.py in ")
    assert reason in refused
