"""Archives that Python does not read by itself, by way of a confined process that turns each into a plain tar."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from grader.intake import unpacker
from grader.model.errors import GraderFault, SubmissionRefused

_HEADS = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ\x00", b"BZh")
# What the process needs to find Python's packages and the library; no secret of ours.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")

# Holds something where this process is confined as a whole.
_CONFINED: list[bool] = []


def needs_unpacking(head: bytes) -> bool:
    """Return whether a file that begins so is a .7z, .rar, .tar.xz or .tar.bz2."""
    return head.startswith(_HEADS)


@contextmanager
def open_as_tar(stream: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """Give the archive in a file as a tar, to be read once from its beginning to its end.

    Raises SubmissionRefused where it is locked or damaged, GraderFault where this machine has no libarchive.
    """
    descriptor = stream.fileno()
    os.lseek(descriptor, 0, os.SEEK_SET)
    if _CONFINED:
        target = tempfile.TemporaryFile()  # noqa: SIM115 - it ends with this process
        code, trouble = unpacker.convert(descriptor, target) if unpacker.has_library() else (unpacker.MISSING, "")
        _check(code, name, trouble)
        target.seek(0)
        yield target
        return
    process = subprocess.Popen(
        [sys.executable, "-P", str(Path(unpacker.__file__))],
        stdin=descriptor,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**{key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}, **_find_library()},
    )
    with process:
        try:
            assert process.stdout and process.stderr
            yield process.stdout
            trouble = process.stderr.read(1000).decode("utf-8", "replace")
        except BaseException:
            process.kill()
            raise
    _check(process.returncode, name, trouble)


def confine_unpacking() -> None:
    """Unpack in this process from now on: it is confined as a whole, and can start no other."""
    os.environ.update(_find_library())
    _CONFINED.append(True)


def _find_library() -> dict[str, str]:
    # Saves the binding a search that starts other programs.
    return {"LIBARCHIVE": "libarchive.so.13"} if sys.platform == "linux" else {}


def _check(code: int, name: str, trouble: str) -> None:
    if code == unpacker.MISSING:
        raise GraderFault(
            f"{name} cannot be read on this machine: install libarchive (apt install libarchive13; "
            "pip install libarchive-c) and grade it again"
        )
    if code == unpacker.LOCKED:
        raise SubmissionRefused(f"{name} is locked with a password: pack it again without one and hand it in again")
    if code == unpacker.DAMAGED:
        raise SubmissionRefused(f"{name} is damaged ({trouble}): pack it again and hand it in again")
    if code < 0:
        raise SubmissionRefused(f"{name} was not opened: to unpack it takes too long or too much memory")
    if code:
        raise GraderFault(f"{name} could not be unpacked, the unpacker ended with {code}: {trouble}")
