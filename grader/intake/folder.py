"""The files of a directory, a git clone among them. Links are not followed: they could lead to a solution."""

import errno
import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

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
            status = item.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                waiting.append((Path(item.path), f"{path}/"))
            elif reason := explain_irregular(status):
                listing.notes.append(f"{path} {reason} and was not read")
            else:
                listing.entries.append(open_file(Path(item.path), path))
        if len(listing.entries) > MAX_FILES or prefix.count("/") > MAX_DEPTH:
            raise SubmissionRefused(
                f"{folder.name} holds more than {MAX_FILES} files or {MAX_DEPTH} levels of folders: "
                "hand in the assignment's files only"
            )
    return listing


def explain_irregular(status: os.stat_result) -> str:
    """Return why a file is not to be read; empty for a plain file. Of a hard link the other name may be anybody's."""
    if stat.S_ISLNK(status.st_mode):
        return "is a link"
    if not stat.S_ISREG(status.st_mode):
        return "is a device or a pipe"
    return "is a hard link" if status.st_nlink > 1 else ""


def open_file(path: Path, name: str) -> Entry:
    """Return an entry for a file on this machine."""
    status = path.stat()
    return Entry(name, status.st_size, partial(open_regular, path), status.st_mtime)


def open_regular(path: Path) -> IO[bytes]:
    """Open a file for reading. Raises SubmissionRefused for a link, a pipe or a device, and never waits for one."""
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise
        raise SubmissionRefused(f"{path.name} is a link or no file at all: hand in the file itself") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SubmissionRefused(f"{path.name} is a device or a pipe: hand in the file itself")
    return open(descriptor, "rb")


def scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    """List the entries of a folder, in an order that does not depend on the machine."""
    with os.scandir(folder) as items:
        yield from sorted(items, key=lambda item: read_name(item.name))
