"""A platform's container as far as an entry script can tell: its folders in a tree of our own, root, and no network."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# <linux/sched.h>
CLONE_NEWUSER = 0x10000000
BARE = "/usr/bin:/bin"


class Host:
    """A tree of which everything below `root` is what a platform has laid out. The packages are those that run here."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def unpack(self, archive: bytes | Path, place: str) -> None:
        """Unpack as platforms do: with the modes of the archive."""
        path = self.root / place.lstrip("/")
        path.mkdir(parents=True)
        source = archive if isinstance(archive, Path) else self._keep(archive)
        subprocess.run(["unzip", "-q", str(source), "-d", str(path)], check=True)

    def put(self, place: str, content: str | bytes) -> None:
        """One file."""
        path = self.root / place.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def read(self, place: str) -> str:
        """The text of a file."""
        return (self.root / place.lstrip("/")).read_text(encoding="utf-8")

    def read_json(self, place: str) -> Any:
        """A JSON file."""
        return json.loads(self.read(place))

    def run(
        self, *command: str, folder: str = "/", namespaces: bool = True, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command there. Without `namespaces` the kernel refuses new ones, as it does in Docker's containers."""
        with open_filter() as descriptor:
            wall = [] if namespaces else ["--seccomp", str(descriptor)]
            return subprocess.run(
                [*_build_wall(self.root), *wall, "--chdir", folder, *command],
                env={"PATH": BARE, **(environment or {})}, pass_fds=[descriptor], capture_output=True, text=True,
                check=False, timeout=1000,
            )  # fmt: skip

    def _keep(self, archive: bytes) -> Path:
        path = self.root.with_suffix(".zip")
        path.write_bytes(archive)
        return path


@contextmanager
def open_filter() -> Iterator[int]:
    """A descriptor of a system call filter without which bubblewrap, run by root, would get its namespaces."""
    import errno

    from pyseccomp import ALLOW, ERRNO, MASKED_EQ, Arg, SyscallFilter

    calls = SyscallFilter(defaction=ALLOW)
    for name in ("unshare", "clone"):
        calls.add_rule(ERRNO(errno.EPERM), name, Arg(0, MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER))
    calls.add_rule(ERRNO(errno.ENOSYS), "clone3")
    with tempfile.TemporaryFile() as file:
        calls.export_bpf(file)
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        yield file.fileno()


def list_names(archive: Path) -> set[str]:
    """The paths in a .zip."""
    return set(zipfile.ZipFile(archive).namelist())


def _build_wall(root: Path) -> list[str]:
    base = Path(sys.base_prefix).resolve()
    arguments = ["bwrap", "--unshare-net", "--unshare-ipc", "--die-with-parent", "--ro-bind", "/usr", "/usr"]
    for path in map(Path, ("/lib", "/lib64", "/bin", "/sbin")):
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            arguments += ["--ro-bind", str(path), str(path)]
    # Made by name, since a folder that bubblewrap makes on the way to a mount is closed to other users.
    for folder in [*reversed(base.parents), Path("/opt"), Path("/opt/grader")]:
        arguments += ["--perms", "0755", "--dir", str(folder)]
    if not base.is_relative_to("/usr"):
        arguments += ["--ro-bind", str(base), str(base)]
    arguments += ["--ro-bind", "/etc", "/etc", "--ro-bind", sys.prefix, "/opt/grader"]
    # Not a fresh /proc: bubblewrap covers parts of one, and then the kernel mounts no other below it.
    arguments += ["--dev", "/dev", "--bind", "/proc", "/proc", "--perms", "1777", "--tmpfs", "/tmp"]
    for folder in sorted(root.iterdir()):
        arguments += ["--bind", str(folder), f"/{folder.name}"]
    return arguments
