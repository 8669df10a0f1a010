"""Choose the device of GPU-run tests: CUDA if the machine has it, else the virtual device.

The driver's management library is asked, so that nothing imports torch to know it and no process starts CUDA: one that
has done so cannot be forked.
"""

import ctypes
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from grader.model.assignment import Assignment
from grader.model.errors import UsageError

CHOICES = ("auto", "cpu", "cuda", "virtual")
MAX_NAME = 96


@dataclass(frozen=True)
class Device:
    """A device: torch's name and the label in reports: `virtual:0` and `virtual`, `cuda:0` and `cuda:0 NVIDIA`."""

    name: str
    label: str

    @property
    def is_cuda(self) -> bool:
        """Tell whether this is a GPU."""
        return self.name.startswith("cuda")


ON_CPU = Device("cpu", "cpu")
VIRTUAL = Device("virtual:0", "virtual")


def choose_device(assignment: Assignment, wanted: str | None = None) -> Device:
    """Return the device of an assignment's GPU-run tests. Raises UsageError if CUDA is asked for and not there.

    Under the policy `require` it is a GPU or nothing, and under `skip` nothing: the rest runs on the CPU as always.
    """
    choice, policy = wanted or "auto", assignment.gpu_policy
    if choice not in CHOICES:
        raise UsageError(f"no device {choice!r}: choose one of {', '.join(CHOICES)}")
    gpu = find_gpu() if choice in ("auto", "cuda") and policy != "skip" else ""
    if gpu:
        return Device("cuda:0", f"cuda:0 {gpu}")
    if choice == "cuda" and policy != "skip":
        raise UsageError("no CUDA device, or a torch without CUDA: choose `--device auto` for the virtual device")
    return ON_CPU if policy != "virtual" or choice == "cpu" else VIRTUAL


def recall_choice(label: str) -> str:
    """Return the choice that gives the device of a report again."""
    return label.split(":")[0].split()[0]


def find_gpu() -> str:
    """Return the name of the first GPU that both the machine and torch can use, or an empty text."""
    spec = find_spec("torch")
    has_cuda = spec and spec.origin and (Path(spec.origin).parent / "lib" / "libtorch_cuda.so").exists()
    if not has_cuda:
        return ""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return ""
    handle, name = ctypes.c_void_p(), ctypes.create_string_buffer(MAX_NAME)
    # Each gives 0 where it succeeds; the first that does not is the last that is asked.
    failed = (
        nvml.nvmlInit_v2()
        or nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(handle))
        or nvml.nvmlDeviceGetName(handle, name, MAX_NAME)
    )
    return "" if failed else name.value.decode("utf-8", "replace")
