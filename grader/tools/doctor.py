"""What this machine offers: isolation, devices, versions.

Zone: trusted. Called by `grader doctor`.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.text import Text

PACKAGES = ("torch", "tokenizers", "transformers", "pytest", "pydantic", "safetensors", "pyseccomp")
APPARMOR_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
TRY_NAMESPACES = ["bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true"]


@dataclass(frozen=True)
class Finding:
    """One fact; `mend` says what to do where it is bad."""

    what: str
    good: bool
    detail: str
    mend: str = ""


def print_findings() -> bool:
    """Print every finding. True where submissions can be graded behind a wall."""
    from grader.reporting.terminal import make_console

    console = make_console()
    findings = examine_machine()
    for finding in findings:
        mark = Text("ok   ", style="green") if finding.good else Text("lacks", style="red")
        console.print(mark, Text(f" {finding.what:<24} {finding.detail}"))
        if not finding.good and finding.mend:
            console.print(Text(f"      {'':<24} {finding.mend}", style="yellow"))
    return all(finding.good for finding in findings if finding.mend)


def examine_machine() -> list[Finding]:
    """All that is known about this machine."""
    checks: list[Callable[[], list[Finding]]] = [
        _check_host,
        _check_bubblewrap,
        _check_seccomp,
        _check_jail,
        _check_devices,
    ]
    return [finding for check in checks for finding in check()] + [_check_package(name) for name in PACKAGES]


def _check_host() -> list[Finding]:
    who = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    return [
        Finding("machine", True, f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, as {who}"),
        Finding("python", True, platform.python_version()),
    ]


def _check_bubblewrap() -> list[Finding]:
    if not shutil.which("bwrap"):
        return [Finding("isolation bwrap", False, "no program 'bwrap'", "apt install bubblewrap")]
    trial = subprocess.run(TRY_NAMESPACES, capture_output=True, text=True, check=False)
    if trial.returncode == 0:
        return [Finding("isolation bwrap", True, _read_version())]
    return [Finding("isolation bwrap", False, trial.stderr.strip()[:200], _suggest_mend())]


def _suggest_mend() -> str:
    if APPARMOR_SWITCH.exists() and APPARMOR_SWITCH.read_text().strip() == "1":
        return (
            "AppArmor restricts user namespaces here (Ubuntu 24.04 and later): `apt install apparmor-profiles`, then "
            "`ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/` and "
            "`apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict`; or `sysctl "
            "kernel.apparmor_restrict_unprivileged_userns=0`"
        )
    return "user namespaces are refused here: in a container, run as root with `--isolation setuid`"


def _read_version() -> str:
    return subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _check_seccomp() -> list[Finding]:
    try:
        from grader.sandbox.syscalls import compile_filter

        size = len(compile_filter()) // 8
    except (ImportError, OSError, RuntimeError) as error:
        remedy = "apt install libseccomp2; pip install pyseccomp"
        return [Finding("system call filter", False, str(error)[:200], remedy)]
    return [Finding("system call filter", True, f"{size} instructions")]


def _check_jail() -> list[Finding]:
    from grader.sandbox.jail import find_obstacle

    if obstacle := find_obstacle():
        return [Finding("jail", False, obstacle[:300], "see the lines above")]
    return [Finding("jail", True, "a confined child was forked and ended"), *_check_walls()]


def _check_walls() -> list[Finding]:
    from grader.sandbox.jail import Isolation
    from grader.sandbox.probe import describe_walls

    # Only root can make a submission another user.
    levels = [level for level in Isolation if os.geteuid() == 0 or level is not Isolation.SETUID]
    return [Finding(f"behind {level.value}", True, describe_walls(level)) for level in levels]


def _check_devices() -> list[Finding]:
    from grader.model.devices import find_gpu

    gpu = find_gpu()
    if gpu:
        return [Finding("gpu", True, gpu)]
    return [Finding("gpu", False, "no CUDA device: GPU-run tests run on the virtual device")]


def _check_package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", "make setup")
