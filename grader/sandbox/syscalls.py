"""The system calls a child may make, by group, each with its reason; everything else is refused with EPERM.

The list says what is allowed, not what is refused, so that a call that a newer kernel adds is refused until it is
listed here. The numbers come from libseccomp, through its Python binding.
"""

import errno
import functools
import tempfile
from dataclasses import dataclass

MAP_SHARED, MAP_ANONYMOUS, MAP_GROWSDOWN = 0x01, 0x20, 0x100
CLONE_THREAD = 0x00010000


@dataclass(frozen=True)
class Group:
    """System calls that are allowed for one reason."""

    reason: str
    names: str


ALLOWED = (
    Group(
        "memory of its own: allocators map, protect, advise and release",
        "brk munmap mremap mprotect madvise mincore membarrier get_mempolicy",
    ),
    Group(
        "reading and writing files: the runtime, lazily imported modules, the private /tmp",
        "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek open openat openat2 close "
        "close_range stat fstat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat getdents "
        "getdents64 getcwd chdir fchdir dup dup2 dup3 fcntl flock fsync fdatasync ftruncate truncate fallocate "
        "fadvise64 mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat chmod "
        "fchmod fchmodat umask utimensat statfs fstatfs copy_file_range sendfile splice tee pipe pipe2",
    ),
    Group(
        "waiting on the channel and on its own pipes",
        "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd "
        "eventfd2 recvfrom recvmsg sendto sendmsg shutdown getsockopt getsockname getpeername",
    ),
    Group(
        "threads of its own and their locks; `clone` is allowed for threads only",
        "futex futex_waitv set_robust_list get_robust_list rseq set_tid_address gettid sched_yield sched_getaffinity "
        "sched_setaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min arch_prctl",
    ),
    Group(
        "time: clocks, sleeping and timers (a sleeper meets its wall limit)",
        "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getitimer setitimer alarm "
        "timer_create timer_settime timer_gettime timer_delete timer_getoverrun timerfd_create timerfd_settime "
        "timerfd_gettime",
    ),
    Group(
        "signals within its own pid namespace, where it is alone",
        "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack kill tkill "
        "tgkill pause restart_syscall",
    ),
    Group(
        "facts about itself and the machine that the runtime asks for",
        "getpid getppid getuid geteuid getgid getegid getgroups getresuid getresgid getpgid getpgrp getsid uname "
        "sysinfo getrusage getrlimit getcpu getrandom capget",
    ),
    Group("the end", "exit exit_group wait4 waitid"),
)
# Refused so that the C library falls back to the older call that can be checked by its flags.
ABSENT = "clone3"
# The runtime asks for these. Other options of prctl would let a process trace another or change its own limits.
HARMLESS_PRCTL = (15, 16, 3, 0x53564D41)  # PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_SET_VMA
# TCGETS TIOCGWINSZ FIONBIO FIOCLEX FIONCLEX FIONREAD
TERMINAL_REQUESTS = (0x5401, 0x5413, 0x5421, 0x5451, 0x5450, 0x541B)


@functools.cache
def compile_filter(*, devices: bool = False, refused: str = "") -> bytes:
    """Return the BPF program. With `devices`, ioctl is not narrowed, since a GPU's driver needs it.

    `refused` names calls that are not allowed either.
    """
    import pyseccomp as seccomp

    program = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    names = " ".join(group.names for group in ALLOWED).split()
    for name in sorted(set(names) - set(refused.split())):
        program.add_rule(seccomp.ALLOW, name)
    # RLIMIT_DATA counts neither shared anonymous memory nor memory that grows downwards, so both are refused. Allowed
    # is private memory (SHARED clear), and shared memory of a file (ANONYMOUS clear), which the tmpfs's size caps.
    private, of_file = MAP_SHARED | MAP_GROWSDOWN, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN
    program.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, private, 0))
    program.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, of_file, MAP_SHARED))
    program.add_rule(seccomp.ALLOW, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, CLONE_THREAD))
    program.add_rule(seccomp.ERRNO(errno.ENOSYS), ABSENT)
    for option in HARMLESS_PRCTL:
        program.add_rule(seccomp.ALLOW, "prctl", seccomp.Arg(0, seccomp.EQ, option))
    # Reading one's own limits is harmless; the third argument is the new limits.
    program.add_rule(seccomp.ALLOW, "prlimit64", seccomp.Arg(2, seccomp.EQ, 0))
    if devices:
        program.add_rule(seccomp.ALLOW, "ioctl")
    else:
        for request in TERMINAL_REQUESTS:
            program.add_rule(seccomp.ALLOW, "ioctl", seccomp.Arg(1, seccomp.EQ, request))
    with tempfile.TemporaryFile() as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()
