"""Memory that lies in huge pages is the same memory."""

import ctypes
import mmap
from pathlib import Path

from grader.jail.huge_pages import SIZE, collapse, list_blocks


def find_huge(address: int) -> int:
    """Return how many KiB of the mapping at an address lie in huge pages."""
    is_here = False
    with open("/proc/self/smaps") as maps:
        for line in maps:
            first = line.split()[0]
            if "-" in first:
                begin, end = (int(each, 16) for each in first.split("-"))
                is_here = begin <= address < end
            elif is_here and first == "AnonHugePages:":
                return int(line.split()[1])
    raise AssertionError(f"nothing is mapped at {address:#x}")


def test_collapsed_memory_keeps_its_bytes() -> None:
    with mmap.mmap(-1, 4 * SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        start = ctypes.addressof(buffer := ctypes.c_char.from_buffer(memory))
        pattern = bytes(range(256)) * (4 * SIZE // 256)
        memory[:] = pattern
        blocks = [block for block in list_blocks() if start <= block < start + 4 * SIZE]
        moved = sum(map(collapse, blocks))
        assert len(blocks) >= 3
        assert all(block % SIZE == 0 for block in blocks)
        assert find_huge(blocks[0]) >= moved * SIZE // 1024
        assert memory[:] == pattern
        del buffer


def test_only_own_memory_is_moved(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(4 * SIZE))
    with open(tmp_path / "file", "r+b") as file, mmap.mmap(file.fileno(), 4 * SIZE) as shared:
        start = ctypes.addressof(buffer := ctypes.c_char.from_buffer(shared))
        assert not [block for block in list_blocks() if start <= block < start + 4 * SIZE]
        del buffer


def test_what_is_not_there_is_not_moved() -> None:
    assert not collapse(0)
