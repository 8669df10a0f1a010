"""The wall around a zygote: bubblewrap's arguments, and the environment inside.

New namespaces of every kind, a read-only runtime (see `sandbox.runtime`), and of our own code only `wire/` and `jail/`.
"""

import os
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.model.course import Course
from grader.sandbox.runtime import SKIPPED_FOLDERS, find_linker, find_standard_library, list_libraries, list_strangers

PACKAGE = Path(__file__).resolve().parents[1]
# The device files that a GPU's driver opens. Only children that may use a GPU see them.
GPU_NODES = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")
# The places of Python inside the wall, and of the only locale that is used there.
PYTHON = "/python"
LOCALE = "/usr/lib/locale/C.utf8"
# The part of a GPU's memory that each child gets: children do not wait for each other.
GPU_SHARE = 0.1


def is_gpu(device: str) -> bool:
    """Tell whether torch's name of a device means a GPU."""
    return device.startswith("cuda")


def build_wall(
    device: str, course: Path | None, folders: Sequence[str] = ("wire", "jail"), libraries: tuple[str, ...] = ()
) -> list[str]:
    """Return bubblewrap's command line, up to the command that it runs.

    `folders` are those of our own code, `libraries` those of the system that are loaded by name.
    """
    arguments = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    # As user 0 with all capabilities of its own namespace: the zygote makes a pid namespace for every child. For any
    # other user bubblewrap would nest a second user namespace, which it could not leave again.
    arguments += ["--unshare-cgroup-try", "--uid", "0", "--gid", "0", "--cap-add", "ALL"]
    arguments += ["--hostname", "jail", "--clearenv", "--die-with-parent", "--new-session", "--as-pid-1"]
    for name, value in list_environment(device).items():
        arguments += ["--setenv", name, value]
    arguments += _build_python()
    arguments += _build_driver(course) if is_gpu(device) else _build_libraries(libraries)
    arguments += _make_folders("/jail", "/jail/grader")
    for name in ("__init__.py", *folders):
        arguments += ["--ro-bind", str(PACKAGE / name), f"/jail/grader/{name}"]
    if course is not None:
        arguments += ["--ro-bind-try", str(Course(course).datasets), "/datasets"]
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


def find_python() -> str:
    """Return the place of Python's own program inside the wall."""
    return f"{PYTHON}/bin/{Path(sys.executable).resolve().name}"


def _build_python() -> list[str]:
    """Return the arguments for Python and the packages of the lock."""
    program, library = Path(sys.executable).resolve(), find_standard_library()
    base = Path(sys.base_prefix).resolve()
    inside = f"{PYTHON}/{library.relative_to(base)}"
    arguments = _make_folders(f"{PYTHON}/bin", str(Path(inside).parent), "/site")
    arguments += ["--ro-bind", str(program), find_python(), "--ro-bind", str(library), inside]
    arguments += _cover(library, inside, SKIPPED_FOLDERS)
    for source, target in list_site_packages():
        arguments += ["--ro-bind", source, target]
        strangers = list_strangers(Path(source))
        # The grader's own sources, where they are installed among the packages.
        arguments += _cover(Path(source), target, ["grader", *strangers])
        telltales = [str(path.relative_to(source)) for path in list_telltales(Path(source))]
        arguments += _cover(Path(source), target, [name for name in telltales if name not in strangers])
    return arguments


def _build_libraries(loaded_late: tuple[str, ...]) -> list[str]:
    """Return the arguments for the libraries of the system that Python and the packages link to."""
    linked = list_libraries(tuple(Path(source) for source, _ in list_site_packages()), loaded_late)
    # One of the folders in which the linker looks on its own: so the list of all libraries stays outside.
    folder = str(Path(linked["libc.so.6"]).parent.resolve())
    linker = find_linker()
    arguments = _make_folders(folder, str(linker.parent), str(Path(LOCALE).parent))
    arguments += ["--ro-bind", str(linker), str(linker)]
    for name, path in sorted(linked.items()):
        if f"{folder}/{name}" != str(linker):
            arguments += ["--ro-bind", path, f"{folder}/{name}"]
    return [*arguments, "--ro-bind-try", LOCALE, LOCALE]


def _build_driver(course: Path | None) -> list[str]:
    """Return the arguments for what a GPU's driver loads by names that nothing lists: all of /usr."""
    base = str(Path(sys.base_prefix).resolve())
    arguments = ["--ro-bind", "/usr", "/usr"]
    if not base.startswith("/usr"):
        arguments += [*_make_folders(base), "--ro-bind", base, base]
    for path in map(Path, ("/lib", "/lib64", "/lib32")):
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
    arguments += [*_make_folders("/etc"), "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    hidden = [str(course)] if course and course.is_relative_to("/usr") else []
    return arguments + [part for folder in hidden for part in ("--tmpfs", folder, "--remount-ro", folder)]


def _make_folders(*folders: str) -> list[str]:
    # By name, since a folder that bubblewrap makes on the way to a mount is closed to other users.
    every = dict.fromkeys(str(path) for folder in folders for path in (*reversed(Path(folder).parents), folder))
    return [part for folder in every if folder != "/" for part in ("--perms", "0755", "--dir", folder)]


def _cover(source: Path, target: str, names: Iterable[str]) -> list[str]:
    """Return the arguments that hide some entries of a folder that is shown."""
    arguments = []
    for name in names:
        if (source / name).is_dir():
            # Read-only, since the zygote's own tmpfs has no size limit.
            arguments += ["--tmpfs", f"{target}/{name}", "--remount-ro", f"{target}/{name}"]
        elif (source / name).exists():
            # A device that cannot be opened there, since the mount allows none.
            arguments += ["--ro-bind", "/dev/null", f"{target}/{name}"]
    return arguments


def list_telltales(packages: Path) -> list[Path]:
    """Return the files among installed packages that name folders of this machine, and that no import needs."""
    patterns = ("*.pth", "*.egg-link", "__editable__*.py", "__pycache__/__editable__*", "*.dist-info/direct_url.json")
    return sorted(path for pattern in patterns for path in packages.glob(pattern) if path.is_file())


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
