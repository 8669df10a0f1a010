"""The files of a directory, a git clone among them. Links are not followed: they could lead to a solution."""

import os
from collections.abc import Iterator
from pathlib import Path

from grader.intake.entries import Entry, Listing, is_noise, read_name
from grader.model.errors import SubmissionRefused

MAX_FILES = 10_000
MAX_DEPTH = 32


def list_folder(folder: Path) -> Listing:
    """List every regular file under `folder` that a student may have written. Raises SubmissionRefused for too many."""
    listing = Listing()
    waiting = [(folder, "")]
    while waiting:
        current, prefix = waiting.pop()
        for item in scan(current):
            path = prefix + read_name(item.name)
            if is_noise(path):
                continue
            if item.is_symlink():
                listing.notes.append(f"{path} is a link and was not read")
            elif item.is_dir():
                waiting.append((Path(item.path), f"{path}/"))
            elif item.is_file():
                listing.entries.append(open_file(Path(item.path), path))
        if len(listing.entries) > MAX_FILES or prefix.count("/") > MAX_DEPTH:
            raise SubmissionRefused(
                f"{folder.name} holds more than {MAX_FILES} files or {MAX_DEPTH} levels of folders: "
                "hand in the assignment's files only"
            )
    return listing


def open_file(path: Path, name: str) -> Entry:
    """Return an entry for a file on this machine."""
    status = path.stat()
    return Entry(name, status.st_size, lambda: path.open("rb"), status.st_mtime)


def scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    """List the entries of a folder, in an order that does not depend on the machine."""
    with os.scandir(folder) as items:
        yield from sorted(items, key=lambda item: read_name(item.name))
