"""Put the zygote's memory into huge pages: a fork copies a page table of one entry in place of 512.

A child's writes are still copied by 4 KiB. It needs Linux 6.1. Where the kernel refuses, a fork is slower, and nothing
else changes.
"""

import ctypes
from collections.abc import Iterator

from grader.jail.confine import libc

SIZE = 2 << 20
# <asm-generic/mman-common.h>
MADV_COLLAPSE = 25


def list_blocks() -> Iterator[int]:
    """Return the addresses at which a huge page has room in this process's own memory."""
    with open("/proc/self/maps") as maps:
        lines = maps.read().splitlines()
    for line in lines:
        span, permissions, _, _, _, *name = line.split(maxsplit=5)
        if permissions == "rw-p" and name in ([], ["[heap]"]):
            first, end = (int(address, 16) for address in span.split("-"))
            yield from range(-(-first // SIZE) * SIZE, end - SIZE + 1, SIZE)


def collapse(block: int) -> bool:
    """Move what lies at the address into one huge page. Return whether the kernel could do it now."""
    return bool(libc.madvise(ctypes.c_void_p(block), ctypes.c_size_t(SIZE), MADV_COLLAPSE) == 0)
