"""The files of an archive, read where they lie: nothing is unpacked onto the disk.

Python reads .zip, .tar and .tar.gz; every other form comes as a tar from `intake.unpacking`. An archive is refused as a
whole, with the reason, where unpacking it would be dangerous: paths that lead out of it, links, devices, names that
collide, and bombs.
"""

import errno
import gzip
import re
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import IO, cast

from grader.intake.budget import MAX_BYTES
from grader.intake.entries import Entry, Listing, is_noise, normalize_name, read_name
from grader.intake.unpacking import needs_unpacking, open_as_tar
from grader.model.errors import SubmissionRefused

MAX_FILES = 10_000
MAX_DEPTH = 32
MAX_NAME = 1000
MAX_RATIO = 300
# Below this size a high ratio harms nobody: a file of blank lines is no bomb.
RATIO_MATTERS = 32 * 2**20
_IN_MEMORY = 8 * 2**20
_CHUNK = 2**20
# A tar header never needs more; a larger read is a forged length.
_MAX_TAR_HEADER = 2**20
_MAX_ZIP_DIRECTORY = MAX_FILES * 512

_DRIVE = re.compile(r"[A-Za-z]:")

DAMAGED = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, struct.error, ValueError,
           IndexError, KeyError, OverflowError, NotImplementedError)  # fmt: skip


@dataclass(frozen=True)
class ArchiveLimits:
    """The most that an archive may hold."""

    files: int = MAX_FILES
    size: int = MAX_BYTES
    ratio: int = MAX_RATIO

    def find_most(self, packed: int) -> int:
        """Return to how many bytes an archive of that size may unpack."""
        return min(self.size, max(RATIO_MATTERS, packed * self.ratio))


SUBMISSION = ArchiveLimits()
# A whole class, from the staff: as many files as students hand in.
CLASS = ArchiveLimits(files=200_000, size=16 * 2**30)


@dataclass(frozen=True)
class Member:
    """An archive's entry for one file, as the archive describes it."""

    path: str
    size: int
    is_folder: bool
    trouble: str = ""


def is_archive(head: bytes) -> bool:
    """Say whether a file that begins with `head` (512 bytes) can be listed here."""
    known = head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b")) or head[257:262] == b"ustar"
    return known or needs_unpacking(head)


def list_archive(entry: Entry, stack: ExitStack, limits: ArchiveLimits = SUBMISSION) -> Listing:
    """Return the files in an archive, open until `stack` is closed. Raises SubmissionRefused for danger or damage."""
    with name_damage(entry.name):
        stream = stack.enter_context(entry.open())
        if isinstance(stream, zipfile.ZipExtFile | tarfile.ExFileObject):  # inside an archive nothing can be searched
            stream = _copy(stream, entry, MAX_BYTES, stack)
        head = stream.read(8)
        stream.seek(0)
        if head.startswith(b"PK"):
            return _list_zip(stream, entry, stack, limits)
        if head.startswith(b"\x1f\x8b"):
            inflated = stack.enter_context(gzip.GzipFile(fileobj=stream, mode="rb"))
            stream = _copy(cast(IO[bytes], inflated), entry, limits.find_most(entry.size), stack)
        elif needs_unpacking(head):
            with open_as_tar(stream, entry.name) as unpacked:
                stream = _copy(unpacked, entry, limits.find_most(entry.size), stack)
        return _list_tar(stream, entry, stack, limits)


@contextmanager
def name_damage(name: str) -> Iterator[None]:
    """Turn what the libraries raise on damaged or forged archives into a reason for the student."""
    try:
        yield
    except DAMAGED as error:
        raise _refuse_damaged(name, error) from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # Where a part is said to lie before the file's beginning; any other trouble is this machine's.
        raise _refuse_damaged(name, error) from error


def _refuse_damaged(name: str, error: Exception) -> SubmissionRefused:
    return SubmissionRefused(f"{name} is damaged ({error}): pack it again and hand it in again")


def _copy(source: IO[bytes], entry: Entry, limit: int, stack: ExitStack) -> IO[bytes]:
    spool = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
    target = cast(IO[bytes], spool)
    size = 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise SubmissionRefused(_tell_bomb(entry.name, size))
        target.write(chunk)
    target.seek(0)
    return target


def _list_zip(stream: IO[bytes], entry: Entry, stack: ExitStack, limits: ArchiveLimits) -> Listing:
    if limits is SUBMISSION:
        _check_zip_directory(stream, entry.name)
    archive = stack.enter_context(zipfile.ZipFile(stream))
    members = [_describe_zip(info) for info in archive.infolist()]
    _check(members, entry, limits)
    return Listing(
        [
            Entry(member.path, member.size, partial(archive.open, info), _read_zip_time(info))
            for member, info in zip(members, archive.infolist(), strict=True)
            if not member.is_folder and not is_noise(member.path)
        ]
    )


def _check_zip_directory(stream: IO[bytes], name: str) -> None:
    # zipfile makes an object for every entry of the directory before anybody can count them.
    end = stream.seek(0, 2)
    stream.seek(max(0, end - 2**16 - 22))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("its directory is missing")
    (directory_size,) = struct.unpack_from("<L", tail, at + 12)
    if directory_size > _MAX_ZIP_DIRECTORY or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise SubmissionRefused(_tell_too_many(name))


def _describe_zip(info: zipfile.ZipInfo) -> Member:
    mode = info.external_attr >> 16
    trouble = ""
    if info.flag_bits & 0x1:
        trouble = "is locked with a password"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        trouble = "is packed by a method that is not read here"
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        trouble = "is a link" if stat.S_ISLNK(mode) else "is a device, not a file"
    path = _read_zip_name(info).replace("\\", "/")
    return Member(_tidy(path), info.file_size, path.endswith("/"), trouble)


def _read_zip_time(info: zipfile.ZipInfo) -> float:
    try:
        return datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0  # such as a 31st of February


def _read_zip_name(info: zipfile.ZipInfo) -> str:
    # Without the UTF-8 flag zipfile takes the bytes for cp437: macOS writes UTF-8 all the same, a Korean Windows cp949.
    if info.flag_bits & 0x800:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    for encoding in ("utf-8", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename


def _list_tar(stream: IO[bytes], entry: Entry, stack: ExitStack, limits: ArchiveLimits) -> Listing:
    guarded = cast(IO[bytes], _HeaderGuard(stream))
    archive = stack.enter_context(tarfile.open(fileobj=guarded, mode="r:"))  # noqa: SIM115
    infos: list[tarfile.TarInfo] = []
    for info in archive:
        infos.append(info)
        if len(infos) > limits.files:
            raise SubmissionRefused(_tell_too_many(entry.name))
    members = [_describe_tar(info) for info in infos]
    _check(members, entry, limits)
    return Listing(
        [
            Entry(member.path, member.size, partial(_open_tar_member, archive, info), float(info.mtime))
            for member, info in zip(members, infos, strict=True)
            if not member.is_folder and not is_noise(member.path)
        ]
    )


class _HeaderGuard:
    """A stream on which one read is never larger than a header or a chunk, at any length that the archive claims."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_TAR_HEADER:
            raise tarfile.ReadError("a header with a forged length")
        return self._stream.read(size)


def _describe_tar(info: tarfile.TarInfo) -> Member:
    trouble = ""
    if info.issym() or info.islnk():
        trouble = "is a link"
    elif info.issparse() or info.size < 0:
        trouble = "claims a size that it does not have"
    elif not (info.isreg() or info.isdir()):
        trouble = "is a device, not a file"
    return Member(_tidy(info.name), info.size, info.isdir(), trouble)


def _tidy(path: str) -> str:
    return str(PurePosixPath(read_name(path)))


def _open_tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(info)
    if stream is None:
        raise tarfile.ReadError("a member without contents")
    return stream


def _check(members: list[Member], entry: Entry, limits: ArchiveLimits) -> None:
    if len(members) > limits.files:
        raise SubmissionRefused(_tell_too_many(entry.name))
    taken: dict[str, Member] = {}
    for member in members:
        if trouble := member.trouble or _find_path_trouble(member.path):
            raise SubmissionRefused(
                f"{entry.name} was not opened: {member.path[:100]!r} {trouble}; pack your files again"
            )
        other = taken.setdefault(normalize_name(member.path), member)
        if other is not member and not (other.is_folder and member.is_folder):
            raise SubmissionRefused(_tell_collision(entry.name, other.path, member.path))
    files = {name: member for name, member in taken.items() if not member.is_folder}
    for name, member in taken.items():
        above = name.rfind("/")
        while above > 0:
            if name[:above] in files:
                raise SubmissionRefused(_tell_collision(entry.name, files[name[:above]].path, member.path))
            above = name.rfind("/", 0, above)
    total = sum(member.size for member in members)
    if total > limits.find_most(entry.size):
        raise SubmissionRefused(_tell_bomb(entry.name, total))


def _find_path_trouble(path: str) -> str:
    parts = PurePosixPath(path).parts
    if path.startswith("/") or _DRIVE.match(path):
        return "is an absolute path"
    if ".." in parts:
        return "leads out of the archive"
    if not path or not path.isprintable():
        return "has a name that cannot be shown"
    if len(parts) > MAX_DEPTH or len(path) > MAX_NAME:
        return f"lies more than {MAX_DEPTH} folders deep, or its name is too long"
    return ""


def _tell_bomb(name: str, size: int) -> str:
    return (
        f"{name} was not opened: it unpacks to {size >> 20} MB or more, too much for its size; "
        "pack the assignment's files only, without data"
    )


def _tell_too_many(name: str) -> str:
    return f"{name} was not opened: it holds more than {MAX_FILES} files; pack the assignment's files only"


def _tell_collision(name: str, first: str, second: str) -> str:
    return (
        f"{name} was not opened: {first[:100]!r} and {second[:100]!r} would be the same file on some machines; "
        "rename one and pack your files again"
    )
