"""Limits on a child's memory, disk, threads and descriptors; each is an error that the student can read."""

import pytest

from grader.tests.conftest import ROOMY, Prober
from grader.wire.messages import Raised

RAW_MMAP = """
    import ctypes, errno

    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]

    def probe(size, flags):
        address = libc.mmap(None, size, 3, flags, -1, 0)
        return None if address != 2**64 - 1 else errno.errorcode[ctypes.get_errno()]
"""
MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS, MAP_GROWSDOWN = 0x01, 0x02, 0x20, 0x100
BEYOND = (ROOMY.memory_mb + 64) << 20


def test_too_much_memory_is_a_memory_error(prober: Prober) -> None:
    """Asking for more than the limit raises MemoryError, and the child goes on."""
    reply = prober.run(f"def probe(): return len(bytearray({BEYOND}))")
    assert isinstance(reply, Raised) and reply.kind == "MemoryError"
    assert prober.answers()


def test_memory_below_the_limit_can_be_used(prober: Prober) -> None:
    """The limit counts from what the zygote already holds, not from nothing."""
    size = (ROOMY.memory_mb - 64) << 20
    assert prober.run(f"def probe(): return len(bytes({size}))") == size


def test_slow_growth_is_a_memory_error_too(prober: Prober) -> None:
    """Many small pieces count like one large one."""
    reply = prober.run("def probe():\n    kept = []\n    while True: kept.append(bytearray(32 << 20))")
    assert isinstance(reply, Raised) and reply.kind == "MemoryError"


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (MAP_PRIVATE | MAP_ANONYMOUS, "ENOMEM"),
        (MAP_SHARED | MAP_ANONYMOUS, "EPERM"),
        (MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, "EPERM"),
    ],
    ids=["private", "shared", "growing"],
)
def test_no_mapping_escapes_the_memory_limit(prober: Prober, flags: int, error: str) -> None:
    """Private memory is counted; kinds that the kernel would not count cannot be had."""
    assert prober.run(RAW_MMAP, BEYOND, flags) == error


def test_the_disk_is_capped(prober: Prober) -> None:
    """Files in /tmp end with an OSError at the limit, all of them taken together."""
    source = """
        def probe():
            written = 0
            try:
                for number in range(1000):
                    with open(f"/tmp/{number}", "wb", buffering=0) as file:
                        written += file.write(bytes(1 << 18))
            except OSError as error:
                return written, error.strerror
    """
    written, reason = prober.run(source)
    assert written <= ROOMY.disk_mb << 20 and reason in ("No space left on device", "File too large")


def test_one_file_is_capped(prober: Prober) -> None:
    """A file cannot be made longer than the disk, not even by a hole."""
    reply = prober.run("def probe():\n    with open('/tmp/x', 'wb') as file: file.truncate(1 << 40)")
    assert isinstance(reply, Raised) and reply.kind == "OSError"


def test_the_number_of_files_is_capped(prober: Prober) -> None:
    """Empty files, which take no space, run out as well."""
    source = """
        def probe():
            for number in range(10_000):
                try:
                    open(f"/tmp/{number}", "x").close()
                except OSError:
                    return number
    """
    assert prober.run(source) <= 4096


def test_threads_are_capped_and_the_examiner_lives(prober: Prober) -> None:
    """A flood of threads ends in a RuntimeError; the next child has all of its own."""
    source = """
        import threading

        def probe():
            release = threading.Event()
            count = 0
            try:
                while count < 1000:
                    threading.Thread(target=release.wait, daemon=True).start()
                    count += 1
            except RuntimeError:
                return count
            finally:
                release.set()
    """
    first = prober.run(source)
    assert 1 <= first < ROOMY.threads
    prober.channel.close()
    assert prober.run(source) == first


def test_descriptors_are_capped(prober: Prober) -> None:
    """Open files run out at the limit."""
    source = """
        import os

        def probe():
            count = 0
            try:
                while count < 10_000:
                    os.dup(0)
                    count += 1
            except OSError:
                return count
    """
    assert prober.run(source) == ROOMY.open_files - 4


def test_no_limit_can_be_raised(prober: Prober) -> None:
    """Every limit stays what it is, in both directions."""
    source = """
        import resource

        def probe():
            raised = []
            for name in ("CPU", "DATA", "FSIZE", "NOFILE", "NPROC", "CORE", "AS"):
                kind = getattr(resource, "RLIMIT_" + name)
                try:
                    resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                    raised.append(name)
                except (OSError, ValueError):
                    pass
            return raised
    """
    assert prober.run(source) == []


def test_page_tables_are_capped(prober: Prober) -> None:
    """Memory that is only mapped to be read costs tables that no limit of memory counts: so addresses have a limit."""
    source = """
        import mmap

        def probe(size):
            mapped = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
            return len(mapped)
    """
    assert prober.run(source, 1 << 32) == 1 << 32
    reply = prober.run(source, 1 << 40)
    assert isinstance(reply, Raised) and reply.kind in ("OSError", "MemoryError")
