"""Start a zygote: without a wall, behind bubblewrap as a plain user, or behind bubblewrap as root."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.model.errors import BrokenJail
from grader.sandbox.bubblewrap import PACKAGE, build_wall, find_python, list_environment, list_site_packages
from grader.sandbox.isolation import Isolation

CHILD_UID = 1000
# Host users that no account uses: the users 1 to 65534 of a zygote started by root are mapped to them.
FIRST_HOST_UID, HOST_UIDS = 2_000_000_001, 65534
BOOT = (
    "import sys, site; sys.path[:0] = sys.argv[2].split(':'); site.setquit();"
    "from grader.jail.zygote import run; from {module} import serve, warm_up; run(int(sys.argv[1]), serve, warm_up)"
)


@dataclass(frozen=True)
class Program:
    """The program that the children of a zygote run: `serve` of a module, after its `warm_up`.

    `folders` is the part of our own code that it needs, `libraries` are those of the system that it loads by name, and
    `refused_calls` are system calls that it does not need.
    """

    module: str = "grader.jail.server"
    folders: tuple[str, ...] = ("wire", "jail")
    libraries: tuple[str, ...] = ()
    refused_calls: str = ""


RUN_SUBMISSION = Program()


@dataclass(frozen=True)
class ZygoteOptions:
    """The descriptors of a zygote's control socket and log, its device, the course it may see, what its children do."""

    control: int
    log: int
    device: str
    course: Path | None
    program: Program


def start_zygote(isolation: Isolation, options: ZygoteOptions) -> subprocess.Popen[bytes]:
    """Start the process. Raises BrokenJail if bubblewrap refuses."""
    packages = list_site_packages()
    if isolation is not Isolation.BWRAP:
        search_path = [str(PACKAGE.parent), *(source for source, _ in packages)]
        command = _build_command(sys.executable, options, search_path)
        return _popen(command, options, [], environment=list_environment(options.device))
    search_path = ["/jail", *(target for _, target in packages)]
    command = ["--", *_build_command(find_python(), options, search_path)]
    wall = build_wall(options.device, options.course, options.program.folders, options.program.libraries)
    if os.geteuid() != 0:
        return _popen([*wall, *command], options, [])
    return _start_as_root(wall, command, options)


def choose_uid(isolation: Isolation) -> int | None:
    """Return the user that a child becomes, or None if it stays the user that it is."""
    # Only root can change users. Inside a namespace any user will do. On the host it must be one that has no account
    # and no submissions of another worker, since a user may kill all processes of their own.
    if os.geteuid() != 0 or isolation is Isolation.NONE:
        return None
    return CHILD_UID if isolation is Isolation.BWRAP else FIRST_HOST_UID + os.getpid()


def _build_command(python: str, options: ZygoteOptions, search_path: Sequence[str]) -> list[str]:
    boot = BOOT.format(module=options.program.module)
    return [python, "-s", "-S", "-P", "-B", "-c", boot, str(options.control), ":".join(search_path)]


def _start_as_root(wall: list[str], command: list[str], options: ZygoteOptions) -> subprocess.Popen[bytes]:
    # The kernel does not count root's processes against RLIMIT_NPROC, so children must become another user. Only
    # root may map more than one user into a namespace; bubblewrap waits while the map is written from outside.
    info_read, info_write = os.pipe()
    block_read, block_write = os.pipe()
    extra = ["--info-fd", str(info_write), "--userns-block-fd", str(block_read)]
    try:
        process = _popen([*wall, *extra, *command], options, [info_write, block_read])
        os.close(info_write)
        info_write = -1
        pid = _read_info(info_read, options.log)
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{pid}/{name}").write_text(f"0 0 1\n1 {FIRST_HOST_UID} {HOST_UIDS}\n")
        os.write(block_write, b"1")
    finally:
        for descriptor in (info_read, info_write, block_read, block_write):
            if descriptor >= 0:
                os.close(descriptor)
    return process


def _read_info(descriptor: int, log: int) -> int:
    text = b""
    while not text.rstrip().endswith(b"}"):
        part = os.read(descriptor, 4096)
        if not part:
            os.lseek(log, 0, os.SEEK_SET)
            raise BrokenJail(f"bubblewrap did not start: {os.read(log, 2000).decode('utf-8', 'replace').strip()}")
        text += part
    return int(json.loads(text)["child-pid"])


def _popen(
    command: list[str], options: ZygoteOptions, descriptors: list[int], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        pass_fds=[options.control, *descriptors],
        stdin=subprocess.DEVNULL,
        stdout=options.log,
        stderr=options.log,
        env=environment,
        # Ctrl-C at a terminal is for the grader, which finishes what is in flight: that needs its zygotes.
        start_new_session=True,
    )
