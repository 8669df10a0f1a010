"""The wall around a zygote: bubblewrap's arguments, and the environment inside.

New namespaces of every kind, a read-only runtime, and of our own code only `wire/` and `jail/`.
"""

import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from grader.model.course import Course

PACKAGE = Path(__file__).resolve().parents[1]
# The device files that a GPU's driver opens. Only children that may use a GPU see them.
GPU_NODES = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")
# The part of a GPU's memory that each child gets: children do not wait for each other.
GPU_SHARE = 0.1


def is_gpu(device: str) -> bool:
    """Tell whether torch's name of a device means a GPU."""
    return device.startswith("cuda")


def build_wall(device: str, course: Path | None, folders: Sequence[str] = ("wire", "jail")) -> list[str]:
    """Return bubblewrap's command line, up to the command that it runs. `folders` are those of our own code."""
    arguments = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    # As user 0 with all capabilities of its own namespace: the zygote makes a pid namespace for every child. For any
    # other user bubblewrap would nest a second user namespace, which it could not leave again.
    arguments += ["--unshare-cgroup-try", "--uid", "0", "--gid", "0", "--cap-add", "ALL"]
    arguments += ["--hostname", "jail", "--clearenv", "--die-with-parent", "--new-session", "--as-pid-1"]
    for name, value in list_environment(device).items():
        arguments += ["--setenv", name, value]
    arguments += _build_runtime()
    for name in ("__init__.py", *folders):
        arguments += ["--ro-bind", str(PACKAGE / name), f"/jail/grader/{name}"]
    if course is not None:
        arguments += ["--ro-bind-try", str(Course(course).datasets), "/datasets"]
    for folder in list_hidden_folders(course):
        # Read-only, since the zygote's own tmpfs has no size limit.
        arguments += ["--tmpfs", folder, "--remount-ro", folder]
    arguments += build_devices(device)
    return [*arguments, "--proc", "/proc", "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp"]


def build_devices(device: str) -> list[str]:
    """Return the arguments for /dev: three devices, and those of a GPU if it is used."""
    # No /dev/zero: a shared mapping of it would be memory that no limit counts.
    names = ("/dev/null", "/dev/random", "/dev/urandom")
    bound = [part for name in names for part in ("--dev-bind", name, name)]
    if is_gpu(device):
        bound += [part for name in GPU_NODES for part in ("--dev-bind-try", name, name)]
    return ["--tmpfs", "/dev", *bound, "--remount-ro", "/dev"]


def _build_runtime() -> list[str]:
    base = Path(sys.base_prefix).resolve()
    # Made by name, since a folder that bubblewrap makes on the way to a mount is closed to other users.
    parents = [str(parent) for parent in reversed(base.parents) if parent != Path("/")]
    folders = ["/etc", "/jail", "/jail/grader", "/site", *parents]
    arguments = [part for folder in folders for part in ("--perms", "0755", "--dir", folder)]
    arguments += ["--ro-bind", "/usr", "/usr"]
    for path in map(Path, ("/lib", "/lib64", "/lib32", "/bin", "/sbin")):
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            arguments += ["--ro-bind", str(path), str(path)]
    for name in ("/etc/ld.so.cache", "/etc/alternatives"):
        arguments += ["--ro-bind-try", name, name]
    if not base.is_relative_to("/usr"):
        arguments += ["--ro-bind", str(base), str(base)]
    for source, target in list_site_packages():
        arguments += ["--ro-bind", source, target]
        for path in list_telltales(Path(source)):
            # A device that cannot be opened there, since the mount allows none.
            arguments += ["--ro-bind", "/dev/null", f"{target}/{path.relative_to(source)}"]
    return arguments


def list_telltales(packages: Path) -> list[Path]:
    """Return the files among installed packages that name folders of this machine, and that no import needs."""
    patterns = ("*.pth", "*.egg-link", "__editable__*.py", "__pycache__/__editable__*", "*.dist-info/direct_url.json")
    return sorted(path for pattern in patterns for path in packages.glob(pattern) if path.is_file())


def list_hidden_folders(course: Path | None) -> list[str]:
    """Return the folders to cover: a course or an installed grader that the runtime's mounts would show."""
    bound = (Path("/usr"), Path(sys.base_prefix).resolve())
    hidden = [str(course)] if course and any(course.is_relative_to(folder) for folder in bound) else []
    return hidden + [f"{target}/grader" for source, target in list_site_packages() if Path(source, "grader").is_dir()]


def list_site_packages() -> list[tuple[str, str]]:
    """Return each folder of installed packages with its place inside the wall."""
    folders = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    return [(folder, f"/site/{index}") for index, folder in enumerate(folders)]


def list_environment(device: str = "cpu") -> dict[str, str]:
    """Return the whole environment of a zygote and its children."""
    share = {"PYTORCH_CUDA_ALLOC_CONF": f"per_process_memory_fraction:{GPU_SHARE}", "NVIDIA_TF32_OVERRIDE": "0"}
    return (share if is_gpu(device) else {}) | {
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
        # Asking for a GPU must not start its driver: a process that has started it cannot be forked.
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }
