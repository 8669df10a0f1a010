"""A program: an archive on standard input, in any form libarchive reads, becomes a plain tar on standard output.

It is a process of its own because libarchive is C and the archive is a stranger's. Before it reads the first byte the
process gives up everything but reading, writing and memory. It needs nothing of this package.
"""

import contextlib
import ctypes
import sys
import tarfile
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import libarchive

MISSING, LOCKED, DAMAGED = 3, 4, 5
_CPU_SECONDS = 60
_ADDRESS_BYTES = 2 * 2**30
_BLOCK = 2**16
_CALLS = (
    "read write lseek fstat newfstatat close brk mmap munmap mremap mprotect madvise futex getrandom clock_gettime "
    "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack sched_yield getpid gettid fcntl ioctl tgkill exit exit_group"
)
_TYPES = (
    (tarfile.SYMTYPE, "issym"),
    (tarfile.LNKTYPE, "islnk"),
    (tarfile.DIRTYPE, "isdir"),
    (tarfile.CHRTYPE, "ischr"),
    (tarfile.BLKTYPE, "isblk"),
    (tarfile.FIFOTYPE, "isfifo"),
    (tarfile.FIFOTYPE, "issock"),
)


def main() -> int:
    """Convert the archive. Return what became of it."""
    if not has_library():
        return MISSING
    _confine()
    code, trouble = convert(0, sys.stdout.buffer)
    sys.stderr.write(trouble)
    return code


def has_library() -> bool:
    """Import the binding. Return whether it and the library are there."""
    try:
        import libarchive  # noqa: F401
    except (ImportError, OSError, TypeError, AttributeError):  # without the binding, or without the library itself
        return False
    return True


def convert(descriptor: int, out: IO[bytes]) -> tuple[int, str]:
    """Write the archive of a descriptor as a plain tar. Return what became of it, and why."""
    import libarchive

    try:
        with libarchive.fd_reader(descriptor) as archive:
            return _convert(archive, out)
    except libarchive.ArchiveError as error:  # its very beginning is wrong
        return DAMAGED, str(error.msg)[:200]


def _convert(archive: "libarchive.read.ArchiveRead", out: IO[bytes]) -> tuple[int, str]:
    import libarchive

    try:
        for entry in archive:
            # Some forms give the scrambled bytes of a locked entry as if they were its contents.
            if libarchive.ffi.libarchive.archive_entry_is_encrypted(ctypes.c_void_p(entry._entry_p)) == 1:
                return LOCKED, ""
            _write(entry, out)
        out.write(b"\0" * 2 * tarfile.BLOCKSIZE)
        out.flush()
    except BrokenPipeError:
        return DAMAGED, ""  # the reader has seen enough
    except (libarchive.ArchiveError, ValueError, tarfile.TarError, MemoryError) as error:
        message = getattr(error, "msg", str(error)) or "it is not what its beginning promises"
        pointer = ctypes.c_void_p(archive._pointer)
        locked = libarchive.ffi.libarchive.archive_read_has_encrypted_entries(pointer) == 1
        return (LOCKED if locked else DAMAGED), message[:200]
    return 0, ""


def _confine() -> None:
    if sys.platform != "linux":
        return  # elsewhere a student unpacks an archive of their own, for a quick check
    import resource

    import pyseccomp as seccomp

    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_BYTES, _ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    program = seccomp.SyscallFilter(seccomp.ERRNO(1))
    for name in _CALLS.split():
        # A call that this machine's processor does not have needs no rule.
        with contextlib.suppress(ValueError, RuntimeError):
            program.add_rule(seccomp.ALLOW, name)
    program.load()


def _write(entry: "libarchive.entry.ArchiveEntry", out: IO[bytes]) -> None:
    """Write one entry. Its size goes before its contents, so one without a known size is read into memory first."""
    name = entry.pathname or ""
    info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name)
    info.type = next((kind for kind, test in _TYPES if getattr(entry, test)), tarfile.REGTYPE)
    blocks: Any = entry.get_blocks(block_size=_BLOCK) if info.isreg() else ()
    if info.isreg() and entry.size is None:
        blocks = [b"".join(bytes(block) for block in blocks)]
    info.size = (len(blocks[0]) if isinstance(blocks, list) else entry.size) if info.isreg() else 0
    out.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
    written = 0
    for block in blocks:
        written += out.write(block)
    if written != info.size:
        raise ValueError(f"{info.name} is not as long as it should be")
    out.write(b"\0" * (-written % tarfile.BLOCKSIZE))


if __name__ == "__main__":
    sys.exit(main())
