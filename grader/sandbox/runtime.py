"""The runtime that a jail shows: Python, the packages of the lock, and the libraries that these link to.

Read from what the installer and the linker wrote down; nothing is loaded to find out.
"""

import functools
import re
import struct
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
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

_FILE = re.compile(rb'^"?([^,\n"]+)"?,', re.MULTILINE)
_REQUIRED = re.compile(r"^Requires-Dist: *([A-Za-z0-9._-]+)", re.MULTILINE)
_NAME = re.compile(r"^Name: *(\S+)", re.MULTILINE)
_LIBRARY = re.compile(r"\.so[.\d]*$")
_CACHED = re.compile(r"^\s*(\S+) \((.*)\) => (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Distribution:
    """An installed package: its name, the names of those that it requires, and its files below the folder."""

    name: str
    requires: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def entries(self) -> frozenset[str]:
        """Return the first parts of its files."""
        return frozenset(file.partition("/")[0] for file in self.files)


@functools.cache
def list_distributions(packages: Path) -> tuple[Distribution, ...]:
    """Return the packages that an installer has put into a folder."""
    found = []
    for info in sorted(packages.glob("*.dist-info")):
        text = (info / "METADATA").read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
        name = _NAME.search(text)
        record = info / "RECORD"
        if name is None or not record.is_file():
            continue
        files = tuple(item.decode("utf-8", "replace") for item in _FILE.findall(record.read_bytes()))
        found.append(Distribution(_normalize(name[1]), tuple(map(_normalize, _REQUIRED.findall(text))), files))
    return tuple(found)


def list_required(packages: Path) -> list[Distribution]:
    """Return the packages that the grader requires, with all of its options: those of the lock.

    Where the grader is not installed as a package, such as in a bundle, the folder was made from the lock for it alone.
    """
    known = {found.name: found for found in list_distributions(packages)}
    if OURS not in known:
        return list(known.values())
    waiting, needed = [OURS], {OURS}
    while waiting:
        new = {name for name in known[waiting.pop()].requires if name in known} - needed
        needed |= new
        waiting += new
    return [known[name] for name in sorted(needed)]


def list_strangers(packages: Path) -> list[str]:
    """Return the entries of a folder of packages that none of the required packages has put there."""
    owned = {entry for found in list_required(packages) for entry in found.entries}
    return sorted(path.name for path in packages.iterdir() if path.name not in owned | {"__pycache__"})


@functools.cache
def list_libraries(packages: tuple[Path, ...], loaded_late: tuple[str, ...] = ()) -> Mapping[str, str]:
    """Return the system's libraries that Python and the required packages link to: name -> path.

    `loaded_late` names others, which are loaded by name. Raises BrokenJail if the linker's list cannot be read.
    """
    known = _read_linker_cache()
    found: dict[str, str] = {}
    waiting = [
        *_list_binaries(packages),
        *(Path(known[name]) for name in (*LOADED_LATE, *loaded_late) if name in known),
    ]
    found |= {path.name: str(path) for path in waiting if str(path) in known.values()}
    while waiting:
        binary = waiting.pop()
        elf = _read_elf(binary)
        for name in elf.needed:
            beside = (str(folder / name) for folder in elf.find_folders(binary) if (folder / name).is_file())
            path = next(beside, known.get(name, ""))
            # What lies among the packages is shown with them.
            if not path or name in found or any(Path(path).is_relative_to(folder) for folder in packages):
                continue
            found[name] = path
            waiting.append(Path(path))
    return found


def find_linker() -> Path:
    """Return the dynamic linker that Python's own program names."""
    return Path(_read_elf(Path(sys.executable).resolve()).interpreter)


def _list_binaries(packages: tuple[Path, ...]) -> Iterator[Path]:
    yield Path(sys.executable).resolve()
    for path in sorted(find_standard_library().glob("lib-dynload/*.so")):
        if not path.name.startswith(SKIPPED_MODULES):
            yield path
    for folder in packages:
        for found in list_required(folder):
            yield from (folder / file for file in found.files if _LIBRARY.search(file) and (folder / file).is_file())


def find_standard_library() -> Path:
    """Return the folder of Python's own library."""
    base = {"base": sys.base_prefix, "installed_base": sys.base_prefix}
    return Path(sysconfig.get_path("stdlib", vars=base)).resolve()


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

    def find_folders(self, binary: Path) -> Iterator[Path]:
        """Return the folders where it looks first."""
        for folder in ":".join(self.folders).split(":"):
            if folder:
                yield Path(folder.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", str(binary.parent))).resolve()


def _read_elf(path: Path) -> _Elf:
    """Read what a program or a library says of itself. An empty answer for what is none of 64 bits."""
    with path.open("rb") as file:
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
