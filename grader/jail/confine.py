"""Give up everything a forked child does not need, in an order that cannot be undone.

The order matters: mounts need capabilities, capabilities must be gone before student code runs, and the system call
filter comes last, since it refuses most of the calls that the steps before it make.
"""

import ctypes
import os
import resource
import signal

from grader.wire.control import Confinement

libc = ctypes.CDLL(None, use_errno=True)

# <sched.h>, <sys/mount.h>, <sys/prctl.h>, <linux/securebits.h>, <linux/seccomp.h>, <linux/capability.h>
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
MS_NOSUID, MS_NODEV, MNT_DETACH = 2, 4, 2
PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_SECCOMP, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS = 4, 24, 22, 28, 38
SECCOMP_MODE_FILTER = 2
SECUREBITS_LOCKED = 0b11101111  # NOROOT, NO_SETUID_FIXUP, KEEP_CAPS off, NO_CAP_AMBIENT_RAISE, and all of them locked
CAPABILITY_VERSION_3 = 0x20080522
LAST_CAPABILITY = 63


def confine(limits: Confinement, channel: int) -> None:
    """Confine this process for good. Raises OSError if a step is refused: no child is better than a free one."""
    os.setsid()
    _close_everything_but(channel)
    if limits.namespaces:
        _leave_namespaces(limits)
    _limit_resources(limits)
    _drop_privileges(limits)
    # Each BPF instruction has eight bytes. The examiner compiles the filter, so that the jail needs no libseccomp.
    spec = _Program(len(limits.filter) // 8, limits.filter)
    check_call("seccomp", libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(spec), 0, 0))


def _close_everything_but(channel: int) -> None:
    # Only the channel stays: a control socket or a log left open here would be a way to talk to the zygote.
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, channel)
    os.closerange(channel + 1, 65536)


def _leave_namespaces(limits: Confinement) -> None:
    # The pid namespace is already this child's own. Its mounts become its own here, so that no other process sees its
    # files, and they vanish with it without being deleted one by one.
    check_call("unshare", libc.unshare(CLONE_NEWNS | CLONE_NEWIPC))
    # Under memory pressure the kernel should take a submission before anything else.
    with open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")
    options = f"size={limits.tmpfs_bytes},nr_inodes=4096,mode=1777".encode()
    check_call("mount /tmp", libc.mount(b"tmpfs", b"/tmp", b"tmpfs", MS_NOSUID | MS_NODEV, options))
    # /proc would show the mount sources and the other processes of the zygote's namespace.
    check_call("unmount /proc", libc.umount2(b"/proc", MNT_DETACH))
    if limits.keep_proc:
        check_call("mount /proc", libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV, None))
    os.chdir("/tmp")


def _limit_resources(limits: Confinement) -> None:
    # Soft and hard are equal: as the first process of its pid namespace the child would not get the soft limit's
    # signal, but it does get the hard limit's SIGKILL.
    pairs = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        # DATA counts, not AS, since torch maps gigabytes that it never touches. AS below only bounds the page tables.
        resource.RLIMIT_DATA: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.tmpfs_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.threads,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if limits.address_bytes is not None:
        pairs[resource.RLIMIT_AS] = limits.address_bytes
    for kind, value in pairs.items():
        # Root in Docker may not raise a limit that it was started with, such as those of Autolab's jobs.
        _, most = resource.getrlimit(kind)
        allowed = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (allowed, allowed))
    # A file that grows past its limit should be an error the student can read, not a death by SIGXFSZ.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _drop_privileges(limits: Confinement) -> None:
    root = os.geteuid() == 0
    if root:
        for capability in range(LAST_CAPABILITY + 1):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused beyond the last one the kernel knows
        check_call("securebits", libc.prctl(PR_SET_SECUREBITS, SECUREBITS_LOCKED, 0, 0, 0))
    if limits.uid is not None:
        # Real root (a user the kernel exempts from process limits) becomes a user who owns nothing.
        os.setgroups([])
        os.setresgid(limits.uid, limits.uid, limits.uid)
        os.setresuid(limits.uid, limits.uid, limits.uid)
    header = _CapabilityHeader(CAPABILITY_VERSION_3, 0)
    check_call("capset", libc.capset(ctypes.byref(header), (_CapabilitySets * 2)()))
    # Not dumpable: no other process of this user may trace it or read its memory.
    check_call("dumpable", libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
    check_call("no_new_privs", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def check_call(what: str, result: int) -> None:
    """Raise the error of a C library's call that did not return 0."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
