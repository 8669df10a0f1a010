"""Start a zygote behind a wall, and fork children from it.

The wall is built by bubblewrap: new namespaces of every kind, a read-only runtime, nothing of ours but `wire/` and
`jail/`. What a child gives up beyond that is in `jail.confine`.
"""

import array
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from grader.jail.confine import Confinement
from grader.model.assignment import Limits
from grader.model.course import Course
from grader.model.errors import BrokenJail, IsolationUnavailable
from grader.wire.frames import read_frame

PACKAGE = Path(__file__).resolve().parents[1]
MAX_PACKET = 1 << 16
# Long, for a machine that is slow today: importing the libraries is work, and its end is certain.
START_SECONDS = 1000
CHILD_UID = 1000
# Host users that no account uses: where a root-run zygote's users 1 to 65534 are mapped.
FIRST_HOST_UID, HOST_UIDS = 2_000_000_001, 65534
# What the driver of a GPU opens. Seen only by the children that may use one.
GPU_NODES = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")
# Addresses that a child may map beyond its memory: torch and threads reserve more than they touch. What is mapped costs
# page tables that no limit of memory counts, 4 KiB for each 2 MiB: so this much costs 16 MiB.
SPARE_ADDRESSES = 8 << 30
# Of a GPU's memory, for each child: they do not wait for each other.
GPU_SHARE = 0.1
BOOT = (
    "import sys, site; sys.path[:0] = sys.argv[2].split(':'); site.setquit();"
    "from grader.jail.zygote import run; run(int(sys.argv[1]))"
)


# Asked for like an Isolation, and never the answer: bubblewrap, or `setuid` where namespaces are not to be had.
AUTO = "auto"


class Isolation(StrEnum):
    """How a submission is kept apart from the host."""

    BWRAP = "bwrap"
    SETUID = "setuid"
    NONE = "none"


@dataclass(frozen=True)
class Exit:
    """How a child ended: its wait status, CPU seconds and peak resident memory."""

    status: int
    cpu_seconds: float
    peak_kb: int


class Child:
    """One forked process that holds one submission."""

    def __init__(self, jail: "Jail", pid: int, pidfd: int, connection: socket.socket) -> None:
        self.jail = jail
        self.pid = pid
        self.pidfd = pidfd
        self.connection = connection
        # The kernel's per-process CPU clock: readable from outside, and not to be turned back from inside.
        host_pid = _read_host_pid(pidfd)
        self._clock = (~host_pid << 3) | 2
        self._tasks = Path(f"/proc/{host_pid}/task")

    def read_cpu_seconds(self) -> float:
        """CPU time of all its threads so far. Raises OSError once the process is gone."""
        return time.clock_gettime(self._clock)

    def is_asleep(self) -> bool:
        """Whether all its threads wait of their own accord, rather than for a processor or the disk."""
        # Whatever neither runs nor is about to: sleeping, stopped, or a first thread that ended before the others.
        return not any(_read_state(f"{self._tasks}/{task}/stat") in ("R", "D") for task in _list_folder(self._tasks))

    def await_end(self, seconds: float) -> bool:
        """Give it time to end by itself, so that how it ended is its own doing. Whether it has."""
        poller = select.poll()
        poller.register(self.pidfd, select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    def end(self) -> Exit:
        """Kill it, however dead it looks, and learn how it ended."""
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself; its status is still to be read
        os.close(self.pidfd)
        self.connection.close()
        return Exit(**self.jail.reap(self.pid))


class Jail:
    """A sandbox with a warm zygote in it."""

    def __init__(
        self,
        imports: tuple[str, ...],
        isolation: Isolation,
        *,
        device: str = "cpu",
        course: Path | None = None,
        tmpfs_bytes: int = 64 << 20,
    ) -> None:
        """Start it; it goes on importing by itself until `wait_ready`.

        `device` is what GPU-run tests will use. Of the folder `course` the submission sees the datasets only.
        """
        self.isolation = isolation
        self.tmpfs_bytes = tmpfs_bytes
        self.device = device
        self.ready = False
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(START_SECONDS)
        with theirs:
            self.process = _start(isolation, theirs.fileno(), self.log.fileno(), device, course)
        self._send({"do": "prepare", "imports": list(imports), "device": device})

    def wait_ready(self) -> None:
        """Wait for the imports to be done. Raises BrokenJail with the zygote's own words."""
        if self.ready:
            return
        answer, _ = self._receive()
        if "error" in answer:
            raise BrokenJail(f"the sandboxed process could not get ready: {answer['error']}")
        self.ready = True

    def spawn(self, limits: Limits) -> Child:
        """Fork a child for one submission. Raises BrokenJail where it cannot be confined."""
        self.wait_ready()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._send({"do": "spawn", "confinement": self._describe_confinement(limits)}, theirs.fileno())
            answer, descriptors = self._receive()
        except BrokenJail:
            ours.close()
            raise
        child = Child(self, answer["pid"], descriptors[0], ours)
        try:
            self._await_confinement(child)
        except BrokenJail:
            child.end()
            raise
        return child

    def reap(self, pid: int) -> dict[str, Any]:
        """How the child `pid` ended."""
        self._send({"do": "reap", "pid": pid})
        return self._receive()[0]

    def close(self) -> None:
        """End the zygote, and with it everything in its pid namespace."""
        self.control.close()
        if self.isolation is not Isolation.BWRAP:
            self.process.terminate()
        self.process.kill()
        self.process.wait()
        self.log.close()

    def _describe_confinement(self, limits: Limits) -> dict[str, Any]:
        from grader.sandbox.syscalls import compile_filter

        on_gpu = _is_gpu(self.device)
        confined = Confinement(
            memory_bytes=limits.memory_mb << 20,
            # A GPU's driver maps all of its memory and more.
            address_bytes=None if on_gpu else (limits.memory_mb << 20) + SPARE_ADDRESSES,
            cpu_seconds=limits.total_cpu_seconds,
            tmpfs_bytes=limits.disk_mb << 20,
            threads=limits.threads,
            open_files=limits.open_files,
            uid=_choose_uid(self.isolation),
            namespaces=self.isolation is Isolation.BWRAP,
            keep_proc=on_gpu,
            filter=compile_filter(devices=on_gpu),
        )
        return {**asdict(confined), "filter": confined.filter.hex()}

    def _await_confinement(self, child: Child) -> None:
        def read_exactly(count: int) -> bytes:
            try:
                data = child.connection.recv(count, socket.MSG_WAITALL)
            except OSError as error:
                raise BrokenJail(f"a forked child does not say that it is confined: {error}") from error
            if len(data) < count:
                raise BrokenJail("a forked child ended before it was confined")
            return data

        child.connection.settimeout(START_SECONDS)
        header = read_frame(read_exactly).header
        if "error" in header:
            raise BrokenJail(f"a forked child could not be confined: {header['error']}")
        child.connection.setblocking(False)

    def _send(self, order: dict[str, Any], descriptor: int | None = None) -> None:
        rights = [] if descriptor is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        try:
            self.control.sendmsg([json.dumps(order).encode()], rights)
        except OSError as error:
            raise BrokenJail(f"the sandboxed process is gone: {error}\n{self._read_log()}") from error

    def _receive(self) -> tuple[dict[str, Any], list[int]]:
        try:
            packet, descriptors, _, _ = socket.recv_fds(self.control, MAX_PACKET, 1)
        except OSError as error:
            raise BrokenJail(f"the sandboxed process does not answer: {error}\n{self._read_log()}") from error
        if not packet:
            raise BrokenJail(f"the sandboxed process ended: {self._read_log() or 'it left no message'}")
        answer: dict[str, Any] = json.loads(packet)
        return answer, descriptors

    def _read_log(self) -> str:
        self.log.seek(0)
        return self.log.read(4000).decode("utf-8", "replace").strip()


def choose_isolation(wanted: str | None = None) -> Isolation:
    """The isolation asked for, or bubblewrap; for `auto` the best that is not `none`. Raises IsolationUnavailable where
    it cannot be had here."""
    if wanted == AUTO:
        wanted = Isolation.BWRAP if not find_obstacle() else Isolation.SETUID
    isolation = Isolation(wanted) if wanted else Isolation.BWRAP
    if isolation is Isolation.BWRAP and not shutil.which("bwrap"):
        raise IsolationUnavailable(
            "no program 'bwrap': submissions cannot be kept apart from this machine; install it "
            "(`apt install bubblewrap libseccomp2`), or choose `--isolation none` for code that you trust"
        )
    if isolation is Isolation.SETUID and os.geteuid() != 0:
        raise IsolationUnavailable("isolation 'setuid' changes the user of each submission: run it as root")
    return isolation


def find_obstacle() -> str:
    """Why no jail stands here; empty where one does. Only building one tells: the ways to refuse a namespace, or what
    is done inside of it, are many."""
    try:
        jail = Jail((), choose_isolation())
        try:
            jail.spawn(Limits()).end()
        finally:
            jail.close()
    except (IsolationUnavailable, BrokenJail) as error:
        return str(error)
    return ""


def _start(isolation: Isolation, control: int, log: int, device: str, course: Path | None) -> subprocess.Popen[bytes]:
    if isolation is not Isolation.BWRAP:
        command = [sys.executable, "-s", "-S", "-P", "-B", "-c", BOOT, str(control), _find_host_path()]
        return _popen(command, [control], log, environment=_list_environment(device))
    if os.geteuid() != 0:
        return _popen([*_build_wall(device, course), *_build_inner_command(control)], [control], log)
    return _start_as_root(control, log, device, course)


def _start_as_root(control: int, log: int, device: str, course: Path | None) -> subprocess.Popen[bytes]:
    # The kernel does not count root's processes against RLIMIT_NPROC, so children must become another user. Only
    # root may map more than one user into a namespace; bubblewrap waits while the map is written from outside.
    info_read, info_write = os.pipe()
    block_read, block_write = os.pipe()
    extra = ["--info-fd", str(info_write), "--userns-block-fd", str(block_read)]
    try:
        process = _popen(
            [*_build_wall(device, course), *extra, *_build_inner_command(control)],
            [control, info_write, block_read],
            log,
        )
        os.close(info_write)
        info_write = -1
        _map_users(_read_info(info_read, log))
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


def _map_users(pid: int) -> None:
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{pid}/{name}").write_text(f"0 0 1\n1 {FIRST_HOST_UID} {HOST_UIDS}\n")


def _popen(
    command: list[str], descriptors: list[int], log: int, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
    )


def _build_wall(device: str, course: Path | None) -> list[str]:
    """bubblewrap's arguments, up to the command."""
    arguments = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    # As user 0 with all capabilities of its own namespace: the zygote makes a pid namespace for every child. Any
    # other user would make bubblewrap nest a second user namespace, from which it could not come back.
    arguments += ["--unshare-cgroup-try", "--uid", "0", "--gid", "0", "--cap-add", "ALL"]
    arguments += ["--hostname", "jail", "--clearenv", "--die-with-parent", "--new-session", "--as-pid-1"]
    for name, value in _list_environment(device).items():
        arguments += ["--setenv", name, value]
    arguments += _build_mounts(course)
    arguments += [*_build_devices(device), "--proc", "/proc", "--tmpfs", "/tmp"]
    return [*arguments, "--remount-ro", "/", "--chdir", "/tmp"]


def _build_devices(device: str) -> list[str]:
    # Three devices and no more, but for a GPU's. A shared mapping of /dev/zero, above all, would be memory that no
    # limit counts.
    names = ("/dev/null", "/dev/random", "/dev/urandom")
    bound = [part for name in names for part in ("--dev-bind", name, name)]
    if _is_gpu(device):
        bound += [part for name in GPU_NODES for part in ("--dev-bind-try", name, name)]
    return ["--tmpfs", "/dev", *bound, "--remount-ro", "/dev"]


def _is_gpu(device: str) -> bool:
    return device.startswith("cuda")


def _build_mounts(course: Path | None) -> list[str]:
    # Made by name, since a folder that bubblewrap makes on the way to a mount is closed to other users.
    folders = ["/etc", "/jail", "/jail/grader", "/site", *_list_parents(Path(sys.base_prefix).resolve())]
    arguments = [part for folder in folders for part in ("--perms", "0755", "--dir", folder)]
    arguments += ["--ro-bind", "/usr", "/usr"]
    for path in map(Path, ("/lib", "/lib64", "/lib32", "/bin", "/sbin")):
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            arguments += ["--ro-bind", str(path), str(path)]
    for name in ("/etc/ld.so.cache", "/etc/alternatives"):
        arguments += ["--ro-bind-try", name, name]
    base = Path(sys.base_prefix).resolve()
    if not base.is_relative_to("/usr"):
        arguments += ["--ro-bind", str(base), str(base)]
    for source, target in _list_site_packages():
        arguments += ["--ro-bind", source, target]
    for name in ("__init__.py", "wire", "jail"):
        arguments += ["--ro-bind", str(PACKAGE / name), f"/jail/grader/{name}"]
    if course is not None:
        arguments += ["--ro-bind-try", str(Course(course).datasets), "/datasets"]
    return arguments + _hide_ours(base, course)


def _list_parents(path: Path) -> list[str]:
    return [str(parent) for parent in reversed(path.parents) if parent != Path("/")]


def _hide_ours(base: Path, course: Path | None) -> list[str]:
    # A checkout below /usr or below the Python installation would come in with it, an installed package with its
    # neighbours. What covers them is read-only: a tmpfs of the zygote's has no size limit.
    hidden = [str(course)] if course and any(course.is_relative_to(bound) for bound in (Path("/usr"), base)) else []
    hidden += [f"{target}/grader" for source, target in _list_site_packages() if Path(source, "grader").is_dir()]
    return [part for folder in hidden for part in ("--tmpfs", folder, "--remount-ro", folder)]


def _list_site_packages() -> list[tuple[str, str]]:
    folders = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    return [(folder, f"/site/{index}") for index, folder in enumerate(folders)]


def _build_inner_command(control: int) -> list[str]:
    inside = ":".join(["/jail", *(target for _, target in _list_site_packages())])
    python = str(Path(sys.executable).resolve())
    return ["--", python, "-s", "-S", "-P", "-B", "-c", BOOT, str(control), inside]


def _find_host_path() -> str:
    return ":".join([str(PACKAGE.parent), *(source for source, _ in _list_site_packages())])


def _list_environment(device: str = "cpu") -> dict[str, str]:
    """The whole environment of the jail."""
    share = {"PYTORCH_CUDA_ALLOC_CONF": f"per_process_memory_fraction:{GPU_SHARE}", "NVIDIA_TF32_OVERRIDE": "0"}
    return (share if _is_gpu(device) else {}) | {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        # The order of sets must not change from one run to the next.
        "PYTHONHASHSEED": "0",
        # One thread, so that the zygote can fork and CPU time means the same everywhere.
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": "/datasets/hub",
        "HF_HUB_CACHE": "/datasets/hub",
        # Asking whether there is a GPU must not start its driver: a process that has done so cannot be forked.
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }


def _choose_uid(isolation: Isolation) -> int | None:
    # Only root can make a child somebody else. Inside a namespace any user will do; on the host it must be one that no
    # account and no other worker's submissions have, since a user may kill whatever else is theirs.
    if os.geteuid() != 0 or isolation is Isolation.NONE:
        return None
    return CHILD_UID if isolation is Isolation.BWRAP else FIRST_HOST_UID + os.getpid()


# Plain system calls: this is asked while the child waits for the same processor.
def _list_folder(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # it has just ended


def _read_state(status: str) -> str:
    try:
        with open(status, "rb") as file:
            return file.read().rpartition(b")")[2].split()[0].decode()
    except OSError:
        return "X"  # it has just ended


def _read_host_pid(pidfd: int) -> int:
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise BrokenJail("this kernel does not tell a pidfd's process: Linux 5.4 or newer is needed")
