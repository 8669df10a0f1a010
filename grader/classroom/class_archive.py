"""The archive that a learning-management system gives for a whole class, unpacked into the folder of the run."""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from grader.intake.archive import CLASS, is_archive, list_archive
from grader.intake.entries import Entry, compute_checksum, read_chunks, read_name
from grader.intake.folder import open_file
from grader.model.errors import SubmissionRefused, UsageError

_DIGITS = 12


def open_class(path: Path, run: Path) -> Path:
    """Return the class folder: `path` itself, or what an archive there holds, unpacked below `run` once.

    It stays there: the gradebook refers to what was handed in. Raises UsageError where the archive cannot be unpacked.
    """
    if not path.is_file():
        return path
    entry = open_file(path, read_name(path.name))
    if not is_archive(next(read_chunks(entry), b"")[:512]):
        raise UsageError(f"{str(path)!r} is no archive: pass the class's folder, or the .zip as it was downloaded")
    stem = path.name.partition(".")[0][:60] or "class"
    target = run / "class" / f"{stem}-{compute_checksum(entry)[:_DIGITS]}"
    if not target.is_dir():
        try:
            _unpack(entry, target)
        except SubmissionRefused as refusal:
            raise UsageError(f"{refusal}; or unpack it yourself and pass the folder") from refusal
        except OSError as error:
            raise UsageError(
                f"{path.name} cannot be unpacked to {str(target)!r}: {error.strerror or error}; choose another folder "
                "with -o, or unpack it yourself and pass the folder"
            ) from error
    return target


def _unpack(entry: Entry, target: Path) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    try:
        with ExitStack() as stack:
            # Paths were checked: none is absolute, none leads out, and no two are the same.
            for item in list_archive(entry, stack, CLASS).entries:
                place = unfinished / item.path
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("xb") as file:
                    file.writelines(read_chunks(item))
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
