"""The runtime that a jail shows: Python, the packages of the lock, and the libraries that these link to.

Read from what the installer and the linker wrote down; nothing is loaded to find out.
"""

import functools
import os
import re
import struct
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.model.errors import BrokenJail

OURS = "grader"
LINKER_CACHE = ("/sbin/ldconfig", "/usr/sbin/ldconfig")
# Loaded by name at the end of a thread.
LOADED_LATE = ("libgcc_s.so.1",)
# Modules of Python that need a display or a directory service, with all that these link to.
SKIPPED_MODULES = ("_tkinter.", "nis.")
# Parts of Python's library that no submission needs.
SKIPPED_FOLDERS = ("site-packages", "dist-packages", "test", "idlelib", "ensurepip", "turtledemo", "lib2to3")
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_RPATH, _DT_RUNPATH = 1, 5, 10, 15, 29
_TEXTS = (_DT_NEEDED, _DT_RPATH, _DT_RUNPATH)

_REQUIRED = re.compile(r"^Requires-Dist: *([A-Za-z0-9._-]+)", re.MULTILINE)
_NAME = re.compile(r"^Name: *(\S+)", re.MULTILINE)
_LIBRARY = re.compile(r"\.so[.\d]*$")
_CACHED = re.compile(r"^\s*(\S+) \((.*)\) => (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Distribution:
    """An installed package: its name, the names of those that it requires, and where its files are listed."""

    name: str
    requires: tuple[str, ...]
    record: Path

    @functools.cached_property
    def files(self) -> tuple[str, ...]:
        """Return its files below the folder of packages."""
        lines = self.record.read_bytes().decode("utf-8", "replace").split("\n")
        return tuple([line.partition(",")[0].strip('"') for line in lines if line])

    @functools.cached_property
    def entries(self) -> frozenset[str]:
        """Return the first parts of its files."""
        return frozenset([file.partition("/")[0] for file in self.files])


@functools.cache
def list_distributions(packages: Path) -> tuple[Distribution, ...]:
    """Return the packages that an installer has put into a folder."""
    found = []
    for info in sorted(packages.glob("*.dist-info")):
        head = (info / "METADATA").read_bytes().partition(b"\n\n")[0]
        text = head.decode("utf-8", "replace")
        name = _NAME.search(text)
        record = info / "RECORD"
        if name is None or not record.is_file():
            continue
        found.append(Distribution(_normalize(name[1]), tuple(map(_normalize, _REQUIRED.findall(text))), record))
    return tuple(found)


@functools.cache  # two walls are built for one grade
def list_required(packages: Path) -> tuple[Distribution, ...]:
    """Return the packages that the grader requires, with all of its options: those of the lock.

    Where the grader is not installed as a package, such as in a bundle, the folder was made from the lock for it alone.
    """
    known = {found.name: found for found in list_distributions(packages)}
    if OURS not in known:
        return tuple(known.values())
    waiting, needed = [OURS], {OURS}
    while waiting:
        new = {name for name in known[waiting.pop()].requires if name in known} - needed
        needed |= new
        waiting += new
    return tuple(known[name] for name in sorted(needed))


@functools.cache
def list_strangers(packages: Path) -> tuple[str, ...]:
    """Return the entries of a folder of packages that none of the required packages has put there."""
    owned = {"__pycache__"}.union(*(found.entries for found in list_required(packages)))
    return tuple(sorted(name for name in os.listdir(packages) if name not in owned))


@functools.cache
def list_libraries(packages: tuple[Path, ...], loaded_late: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Return the system's libraries that Python and the required packages link to: name -> path.

    `loaded_late` names others, which are loaded by name. Raises BrokenJail if the linker's list cannot be read.
    """
    known = _read_linker_cache()
    found: dict[str, str] = {}
    waiting = [*_list_binaries(packages), *(known[name] for name in (*LOADED_LATE, *loaded_late) if name in known)]
    paths = set(known.values())
    found |= {os.path.basename(path): path for path in waiting if path in paths}
    shown = tuple(f"{folder}/" for folder in packages)
    while waiting:
        binary = waiting.pop()
        elf = _read_elf(binary)
        for name in elf.needed:
            if name in found:
                continue
            beside = (f"{folder}/{name}" for folder in elf.find_folders(binary) if os.path.isfile(f"{folder}/{name}"))
            path = next(beside, known.get(name, ""))
            # What lies among the packages is shown with them.
            if path and not path.startswith(shown):
                found[name] = path
                waiting.append(path)
    return found


def find_linker() -> Path:
    """Return the dynamic linker that Python's own program names."""
    return Path(_read_elf(os.path.realpath(sys.executable)).interpreter)


@functools.cache
def _list_binaries(packages: tuple[Path, ...]) -> tuple[str, ...]:
    modules = sorted(find_standard_library().glob("lib-dynload/*.so"))
    own = [str(path) for path in modules if not path.name.startswith(SKIPPED_MODULES)]
    installed = [
        f"{folder}/{file}"
        for folder in packages
        for found in list_required(folder)
        for file in found.files
        if ".so" in file and _LIBRARY.search(file)
    ]
    return (os.path.realpath(sys.executable), *own, *filter(os.path.isfile, installed))


def find_standard_library() -> Path:
    """Return the folder of Python's own library."""
    base = {"base": sys.base_prefix, "installed_base": sys.base_prefix}
    return Path(sysconfig.get_path("stdlib", vars=base)).resolve()


@functools.cache
def _read_linker_cache() -> dict[str, str]:
    program = next((path for path in LINKER_CACHE if Path(path).is_file()), None)
    if program is None:
        raise BrokenJail("no program 'ldconfig': the libraries that Python links to cannot be found on this system")
    listed = subprocess.run([program, "-p"], capture_output=True, text=True, check=True).stdout
    found: dict[str, str] = {}
    for name, kind, path in _CACHED.findall(listed):
        # Those of this processor, 64 bits: the list names others as `libc6` alone.
        if "64" in kind and name not in found:
            found[name] = path
    return found


@dataclass(frozen=True)
class _Elf:
    """The libraries that a program or a library needs, the folders where it looks first, and its dynamic linker."""

    needed: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    interpreter: str = ""

    def find_folders(self, binary: str) -> tuple[str, ...]:
        """Return the folders where it looks first."""
        return _find_folders(self.folders, os.path.dirname(binary))


@functools.cache  # the libraries of one package share them
def _find_folders(folders: tuple[str, ...], origin: str) -> tuple[str, ...]:
    named = (folder.replace("${ORIGIN}", "$ORIGIN") for folder in ":".join(folders).split(":") if folder)
    return tuple(os.path.realpath(folder.replace("$ORIGIN", origin)) for folder in named)


@functools.cache
def _read_elf(path: str) -> _Elf:
    """Read what a program or a library says of itself. An empty answer for what is none of 64 bits."""
    with open(path, "rb") as file:
        header = file.read(64)
        if header[:5] != b"\x7fELF\2":
            return _Elf()
        (start,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        file.seek(start)
        table = file.read(size * count)
        segments = [struct.unpack_from("<IIQQQQQQ", table, index * size) for index in range(count)]
        parts: dict[int, bytes] = {}
        for kind, _, offset, _, _, length, _, _ in segments:
            if kind in (_PT_DYNAMIC, _PT_INTERP):
                file.seek(offset)
                parts[kind] = file.read(length)
        dynamic = parts.get(_PT_DYNAMIC, b"")
        entries = [struct.unpack_from("<QQ", dynamic, at) for at in range(0, len(dynamic) - 15, 16)]
        values = dict(entries)
        if _DT_STRTAB not in values:
            return _Elf()
        address = values[_DT_STRTAB]
        for kind, _, offset, virtual, _, length, _, _ in segments:
            if kind == _PT_LOAD and virtual <= address < virtual + length:
                file.seek(offset + address - virtual)
        names = file.read(values[_DT_STRSZ])
    texts = [(tag, names[value : names.index(b"\0", value)].decode()) for tag, value in entries if tag in _TEXTS]
    return _Elf(
        needed=tuple(text for tag, text in texts if tag == _DT_NEEDED),
        folders=tuple(text for tag, text in texts if tag != _DT_NEEDED),
        interpreter=parts.get(_PT_INTERP, b"").rstrip(b"\0").decode(),
    )


def _normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
