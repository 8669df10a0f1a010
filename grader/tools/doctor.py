"""Report what this machine offers: isolation, devices, versions."""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.text import Text

from grader.model.course import find_course
from grader.model.errors import UsageError

PACKAGES = ("torch", "tokenizers", "transformers", "pytest", "pydantic", "pyseccomp")
APPARMOR_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
TRY_NAMESPACES = ["bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true"]


@dataclass(frozen=True)
class MachineFinding:
    """One fact about this machine; `fix` says what to do if it is not good."""

    what: str
    good: bool
    detail: str
    fix: str = ""


def print_machine_findings() -> bool:
    """Print every finding, and return whether submissions can be graded in a sandbox here."""
    from grader.reporting.console import make_console

    console = make_console()
    findings = examine_machine()
    for finding in findings:
        mark = Text("ok   ", style="green") if finding.good else Text("lacks", style="red")
        console.print(mark, Text(f" {finding.what:<24} {finding.detail}"))
        if not finding.good and finding.fix:
            console.print(Text(f"      {'':<24} {finding.fix}", style="yellow"))
    return all(finding.good for finding in findings if finding.fix)


def examine_machine() -> list[MachineFinding]:
    """Return every finding about this machine."""
    checks: list[Callable[[], list[MachineFinding]]] = [
        _check_host,
        _check_bubblewrap,
        _check_seccomp,
        _check_archives,
        _check_jail,
        _check_devices,
    ]
    findings = [finding for check in checks for finding in check()]
    for name in PACKAGES:
        try:
            findings.append(MachineFinding(name, True, version(name)))
        except PackageNotFoundError:
            findings.append(MachineFinding(name, False, "not installed", "make setup"))
    return findings


def _check_host() -> list[MachineFinding]:
    who = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    return [
        MachineFinding("machine", True, f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, as {who}"),
        MachineFinding("python", True, platform.python_version()),
    ]


def _check_bubblewrap() -> list[MachineFinding]:
    if not shutil.which("bwrap"):
        return [
            MachineFinding("isolation bwrap", False, "the program 'bwrap' is not installed", "apt install bubblewrap")
        ]
    trial = subprocess.run(TRY_NAMESPACES, capture_output=True, text=True, check=False)
    if trial.returncode == 0:
        found = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=True).stdout.strip()
        return [MachineFinding("isolation bwrap", True, found)]
    fix = "this machine refuses user namespaces; in a container, run as root with `--isolation setuid`"
    if APPARMOR_SWITCH.exists() and APPARMOR_SWITCH.read_text().strip() == "1":
        fix = (
            "AppArmor restricts user namespaces here (Ubuntu 24.04 and later): `apt install apparmor-profiles`, then "
            "`ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/` and "
            "`apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict`; or `sysctl "
            "kernel.apparmor_restrict_unprivileged_userns=0`"
        )
    return [MachineFinding("isolation bwrap", False, trial.stderr.strip()[:200], fix)]


def _check_seccomp() -> list[MachineFinding]:
    try:
        from grader.sandbox.syscalls import compile_filter

        size = len(compile_filter()) // 8
    except (ImportError, OSError, RuntimeError) as error:
        remedy = "apt install libseccomp2; pip install pyseccomp"
        return [MachineFinding("system call filter", False, str(error)[:200], remedy)]
    return [MachineFinding("system call filter", True, f"{size} instructions")]


def _check_archives() -> list[MachineFinding]:
    try:
        import libarchive
    except (ImportError, OSError, TypeError, AttributeError) as error:  # the library may be missing, or its binding
        remedy = "apt install libarchive13; pip install libarchive-c"
        return [MachineFinding("archives", False, f".7z, .rar, .tar.xz cannot be read: {error}"[:200], remedy)]
    version = libarchive.ffi.version_number()  # 3006002 is 3.6.2
    return [
        MachineFinding("archives", True, f"libarchive {version // 10**6}.{version // 1000 % 1000}.{version % 1000}")
    ]


def _check_jail() -> list[MachineFinding]:
    from grader.sandbox.jail import find_obstacle

    if obstacle := find_obstacle():
        return [MachineFinding("jail", False, obstacle[:300], "see the findings above")]
    return [MachineFinding("jail", True, "started and ended a confined child"), *_check_isolation_levels()]


def _check_isolation_levels() -> list[MachineFinding]:
    from grader.sandbox.isolation import Isolation
    from grader.sandbox.probe import list_shown, summarise_probes

    try:
        folder = find_course().root
    except UsageError:
        folder = Path(__file__).resolve().parents[2]  # without a course, try the grader's own folder
    # Only root can run a submission as another user.
    levels = [level for level in Isolation if os.geteuid() == 0 or level is not Isolation.SETUID]
    shown = ", ".join(f"{count} in {folder}" for folder, count in sorted(list_shown(folder).items()))
    return [
        *(MachineFinding(f"behind {level.value}", True, summarise_probes(level, folder)) for level in levels),
        MachineFinding("shown behind bwrap", True, f"files: {shown}; and the packages of the lock in /site"),
    ]


def _check_devices() -> list[MachineFinding]:
    from grader.model.devices import find_gpu

    gpu = find_gpu()
    if gpu:
        return [MachineFinding("gpu", True, gpu)]
    return [MachineFinding("gpu", False, "no CUDA device: GPU-run tests run on the virtual device")]
