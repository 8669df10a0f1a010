"""System calls: what the list holds is known, and what it does not hold is refused."""

import errno
from collections import Counter

import pyseccomp as seccomp
import pytest

from grader.sandbox.syscalls import ALLOWED, compile_filter
from grader.tests.conftest import Prober
from grader.wire.messages import Raised

NAMES = [name for group in ALLOWED for name in group.names.split()]
REFUSED = """
    fork vfork execve execveat socket socketpair connect bind listen accept4 ptrace process_vm_readv process_vm_writev
    kcmp mount umount2 pivot_root chroot unshare setns open_tree move_mount fsopen mount_setattr memfd_create
    memfd_secret shmget shmat shmctl semget semop msgget msgsnd mq_open bpf keyctl add_key request_key userfaultfd
    perf_event_open io_uring_setup io_uring_enter seccomp personality setuid setgid setresuid setresgid setgroups
    setrlimit capset pidfd_open pidfd_getfd pidfd_send_signal name_to_handle_at open_by_handle_at init_module
    finit_module kexec_load reboot swapon sethostname settimeofday clock_settime acct quotactl mknod mknodat chown
    fchownat setpriority sched_setscheduler ioprio_set mlock mlockall vhangup syslog fanotify_init inotify_init1
    process_madvise process_mrelease landlock_create_ruleset remap_file_pages vmsplice rt_sigqueueinfo
""".split()
CALL = """
    import ctypes, errno

    libc = ctypes.CDLL(None, use_errno=True)

    def probe(number, *args):
        result = libc.syscall(number, *map(ctypes.c_long, args))
        return errno.errorcode[ctypes.get_errno()] if result == -1 else result
"""
CLONE_THREAD, CLONE_NEWUSER = 0x00010000, 0x10000000
PR_SET_DUMPABLE, PR_SET_PTRACER = 4, 0x59616D61


def number_of(name: str) -> int:
    """The number of a system call on this machine; negative where it has none."""
    return int(seccomp.resolve_syscall(seccomp.system_arch(), name))


@pytest.mark.parametrize("devices", [False, True])
def test_the_filter_compiles(devices: bool) -> None:
    """libseccomp knows every name, and gives whole instructions that the kernel takes in one program."""
    program = compile_filter(devices=devices)
    assert len(program) % 8 == 0 and 0 < len(program) // 8 < 4096


def test_each_call_is_listed_once_and_known() -> None:
    """No name is listed twice, and none is a misspelling."""
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []
    assert [name for name in NAMES if number_of(name) == -1] == []


def test_every_group_says_why() -> None:
    """Each group of allowed calls has its reason."""
    assert all(len(group.reason) > 5 for group in ALLOWED)


def test_nothing_dangerous_is_listed() -> None:
    """No call that makes processes, sockets or namespaces, or touches others, is on the list."""
    assert set(REFUSED) & set(NAMES) == set()


def test_the_dangerous_calls_are_refused(prober: Prober) -> None:
    """Each of them fails with EPERM before the kernel looks at its arguments."""
    prober.run(CALL, number_of("getpid"))
    numbers = {name: number_of(name) for name in REFUSED if number_of(name) >= 0}
    refused = {name: prober.call("probe", number, 0, 0, 0, 0, 0) for name, number in numbers.items()}
    assert {name for name, reply in refused.items() if getattr(reply, "value", reply) != "EPERM"} == set()


def test_calls_that_do_not_exist_yet_are_refused(prober: Prober) -> None:
    """A call that a newer kernel adds is refused until it is listed."""
    assert prober.run(CALL, 1000) == "EPERM"


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("clone", (17,)),
        ("clone", (CLONE_NEWUSER | 17,)),
        ("prctl", (PR_SET_DUMPABLE, 1)),
        ("prctl", (PR_SET_PTRACER, -1)),
        ("prlimit64", (0, 7, 1)),
        ("ioctl", (0, 0x5412)),
        ("mmap", (0, 4096, 3, 0x21, -1, 0)),
    ],
    ids=["fork", "namespace", "dumpable", "ptracer", "limit", "terminal-input", "shared-memory"],
)
def test_a_listed_call_with_other_arguments_is_refused(prober: Prober, name: str, args: tuple[int, ...]) -> None:
    """Calls that are allowed for one purpose are refused for any other."""
    assert prober.run(CALL, number_of(name), *args) == "EPERM"


def test_a_thread_cannot_bring_a_namespace(prober: Prober) -> None:
    """`clone` for a thread, which is allowed, gives no new namespace along with it."""
    flags = CLONE_THREAD | CLONE_NEWUSER | 0x100 | 0x800
    assert prober.run(CALL, number_of("clone"), flags, 0) in ("EINVAL", "EPERM")


def test_clone3_looks_absent(prober: Prober) -> None:
    """Its flags cannot be checked, so the C library must fall back to `clone`."""
    assert prober.run(CALL, number_of("clone3"), 0, 0) == "ENOSYS"


@pytest.mark.parametrize(
    "statement",
    [
        "os.fork()",
        "os.execv('/usr/bin/true', ['true'])",
        "os.posix_spawn('/usr/bin/true', ['true'], {})",
        "subprocess.run(['/usr/bin/true'])",
        "os.system('true') == 0 or os.fork()",
        "socket.socket()",
        "socket.create_connection(('127.0.0.1', 80))",
        "socket.socketpair()",
        "os.memfd_create('x')",
        "os.setuid(0)",
        "os.chroot('/tmp')",
        "mmap.mmap(-1, 4096)",
        "os.kill(1, 0) or os.mknod('/tmp/x')",
    ],
)
def test_python_meets_a_permission_error(prober: Prober, statement: str) -> None:
    """A statement that would lead out of the jail ends in an error that names itself, and the child lives on."""
    source = f"import mmap, os, socket, subprocess\ndef probe(): return repr({statement})"
    reply = prober.run(source)
    assert isinstance(reply, Raised) and f"[Errno {errno.EPERM}]" in reply.message
    assert prober.channel.child is not None
