"""Generate hand-ins that are hostile as files: what is slow or large to read, and what is no plain file."""

import bz2
import io
import json
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

MODULE = "target.py"
WRONG = "def double(number):\n    return number\n"
RIGHT = "def double(number):\n    return number * 2\n"
Writer = Callable[[Path], None]


def _make(make: Callable[[], str | bytes], name: str = MODULE) -> Writer:
    def write(folder: Path) -> None:
        data = make()
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())

    return write


def _zip(files: Iterator[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return buffer.getvalue()


def _zip_overlapping() -> bytes:
    # A thousand entries of the directory, and one body for all of them.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MODULE, b"#" * (8 << 20))
        archive.filelist *= 1000
    return buffer.getvalue()


def _tar_of_headers() -> bytes:
    # Extended headers only, each a megabyte long: what they describe never comes.
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for number in range(20):
            archive.addfile(tarfile.TarInfo(f"{number}/" + "x" * (1 << 20)))
    return buffer.getvalue()


def _notebook(sources: list[str], **metadata: object) -> str:
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


BOMBS: dict[str, Writer] = {
    "many_notebooks": _make(
        lambda: _zip((f"{number}/target.ipynb", _notebook(["x = 1\n" * 2000]).encode()) for number in range(150)),
        "target.zip",
    ),
    "overlapping_bodies": _make(_zip_overlapping, "target.zip"),
    "long_headers": _make(_tar_of_headers, "target.tar"),
    "bomb_of_bzip2": _make(lambda: bz2.compress(bytes(600 << 20), 1), "target.tar.bz2"),
    "deep_paths": _make(
        lambda: _zip((f"{'a/' * depth}target.py", b"x = 1\n") for depth in range(1, 400)), "target.zip"
    ),
    "open_quotes": _make(lambda: WRONG + "x = '''" + "\\'" * 400_000),
    "many_quotes": _make(lambda: WRONG + "'\"" * 100_000),
    "mixed_tabs": _make(lambda: "if 1:\n" + "\tx = 1\n        y = 2\n" * 20_000 + WRONG),
    "newer_syntax": _make(lambda: "type X = int\n" * 10_000 + WRONG),
    "joined_lines": _make(lambda: WRONG + "%ls \\\n" * 90_000),
    "long_number": _make(lambda: _notebook([WRONG], x=0).replace('"x": 0', '"x": ' + "9" * 2_000_000), "target.ipynb"),
}


def _chain_links(folder: Path) -> None:
    (folder.parent.parent / "secret.py").write_text(RIGHT)
    for number in range(30):
        (folder / f"step{number}.py").symlink_to(f"step{number + 1}.py")
    (folder / "step30.py").symlink_to(folder.parent.parent / "secret.py")
    (folder / MODULE).symlink_to("step0.py")


def _loop_links(folder: Path) -> None:
    (folder / MODULE).symlink_to("again.py")
    (folder / "again.py").symlink_to(MODULE)
    (folder / "more").symlink_to(".")


def _link_folders(folder: Path) -> None:
    secret = folder.parent.parent / "secret"
    secret.mkdir(exist_ok=True)
    (secret / MODULE).write_text(RIGHT)
    (folder / "hw").symlink_to(secret)


def _hide_links(folder: Path) -> None:
    secret = folder.parent.parent / "secret.py"
    secret.write_text(RIGHT)
    (folder / "a" / "b").mkdir(parents=True)
    os.link(secret, folder / "a" / "b" / MODULE)


def _name_pipe(name: str) -> Writer:
    return lambda folder: os.mkfifo(folder / name)


def _write_sparse(folder: Path) -> None:
    # A terabyte that takes no room.
    with (folder / MODULE).open("wb") as file:
        file.truncate(1 << 40)


def _write_closed(folder: Path) -> None:
    (folder / MODULE).write_text(WRONG)
    (folder / MODULE).chmod(stat.S_ISUID | stat.S_ISGID)


def _write_bytes_name(folder: Path) -> None:
    Path(os.fsdecode(bytes(folder) + b"/\xff\xfe\x1b[2J.py")).write_text(WRONG)


def _write_many(folder: Path) -> None:
    for number in range(12_000):
        (folder / f"{number}.py").touch()


def _nest_folders(folder: Path) -> None:
    for _ in range(60):
        folder /= "deep"
    folder.mkdir(parents=True)
    (folder / MODULE).write_text(RIGHT)


def _write_repository(folder: Path) -> None:
    # What git would run, if anything asked it for more than the time of a commit.
    (folder / MODULE).write_text(WRONG)
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git" / "config").write_text('[core]\nfsmonitor = "touch redteam-left-git"\n[alias]\nlog = "!false"\n')


FILES: dict[str, Writer] = {
    "chained_links": _chain_links,
    "looped_links": _loop_links,
    "linked_folder": _link_folders,
    "hidden_hard_link": _hide_links,
    "pipe_as_notebook": _name_pipe("target.ipynb"),
    "pipe_as_archive": _name_pipe("target.zip"),
    "sparse": _write_sparse,
    "closed": _write_closed,
    "name_of_bytes": _write_bytes_name,
    "many_files": _write_many,
    "deep_folders": _nest_folders,
    "repository": _write_repository,
}
