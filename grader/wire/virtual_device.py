"""A simulated accelerator for machines without a GPU: code that fails on a GPU fails on it as well.

A tensor on "virtual" is a plain tensor of torch's spare device type (PrivateUse1) in the CPU's memory. DLPack gives one
memory two names: a tensor is exported, its device renamed, and imported again, without a copy. So views, in-place
operations, autograd, modules and optimizers are torch's own. Only kernels are missing, and `_run` is the kernel of
every operation: it takes the arguments to the CPU, unless some are not on the device, and the results back.
"""

import ctypes
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.wire.rnn_cells import FUSED_CELLS

if TYPE_CHECKING:
    import torch

NAME = "virtual"
DEVICE = "virtual:0"
MIXED = f"Expected all tensors to be on the same device, but found at least two devices, {DEVICE} and cpu!"
# DLPack's numbers of the two devices, and where its DLManagedTensor holds that number: after the pointer to the data.
CPU, EXTENSION = 1, 12
DEVICE_OFFSET = ctypes.sizeof(ctypes.c_void_p)
# Like elementwise operations these take a 0-d tensor on the CPU as a number, as they do on CUDA.
TAKE_NUMBERS = {"masked_fill", "masked_fill_", "fill_", "index_fill", "index_fill_", "index_put_", "_index_put_impl_"}

_find_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_find_pointer.restype = ctypes.c_void_p
_find_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


@functools.cache
def set_up_virtual_device() -> "torch.library.Library":
    """Add the device to torch for the life of this process, before its first backward, which counts the devices once.

    The returned library must stay alive, as it does in the cache.
    """
    import torch
    from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

    _setup_privateuseone_for_python_backend(NAME)
    library = torch.library.Library("_", "IMPL")
    library.fallback(_run, "PrivateUse1")
    _replace_composites()
    _copy_without_storage()
    _move_modules_in_place()
    _accept_in_generators()
    return library


def rename_device(tensor: "torch.Tensor", device: int) -> "torch.Tensor":
    """Return the same memory as a tensor of the other device, CPU or EXTENSION."""
    import torch

    capsule = torch._C._to_dlpack(tensor)
    pointer = _find_pointer(capsule, b"dltensor")
    ctypes.c_int32.from_address(pointer + DEVICE_OFFSET).value = device
    return torch._C._from_dlpack(capsule)


@dataclass(frozen=True)
class _Traits:
    """An operation's schema: its arguments, which of them are tensors, which it writes to, and whether its result is a
    view; its kernel, and the kernel for numbers in the place of tensors."""

    name: str
    arguments: tuple[str, ...]
    tensors: frozenset[str]
    written: frozenset[str]
    is_view: bool
    takes_numbers: bool
    kernel: Callable[..., Any]
    kernel_of_numbers: Callable[..., Any]

    def admits(self, tensor: "torch.Tensor", argument: str) -> bool:
        """Tell whether a tensor on the CPU may take part, as it may on a GPU."""
        if self.name == "_copy_from" or argument == "indices":
            return True
        return self.takes_numbers and tensor.dim() == 0 and argument not in self.written


@functools.cache
def _read_traits(op: Any) -> _Traits:
    import torch

    schema, name = op._schema, op._schema.name.removeprefix("aten::")
    aliases = [result.alias_info for result in schema.returns if result.alias_info]
    return _Traits(
        name=name,
        arguments=tuple(argument.name for argument in schema.arguments),
        tensors=frozenset(item.name for item in schema.arguments if isinstance(item.type, torch.TensorType)),
        written=frozenset(item.name for item in schema.arguments if item.alias_info and item.alias_info.is_write),
        is_view=name == "set_" or any(not alias.is_write for alias in aliases),
        takes_numbers=torch.Tag.pointwise in op.tags or name in TAKE_NUMBERS,
        kernel=SUPPLIED.get(name, op),
        # Torch itself chooses the form of the operation that takes numbers.
        kernel_of_numbers=SUPPLIED.get(name, op.overloadpacket),
    )


def _run(op: Any, *args: Any, **kwargs: Any) -> Any:
    traits = _read_traits(op)
    if traits.is_view:
        import torch

        # A view touches no memory, so the CPU's kernel can make it from the tensor as it is.
        return op._op_dk(torch._C.DispatchKey.CPU, *args, **kwargs)
    crossing = _DeviceTransfer(traits)
    positional = [crossing.lower(value, name) for value, name in zip(args, traits.arguments, strict=False)]
    keywords = {name: crossing.lower(value, name) for name, value in kwargs.items()}
    kernel = traits.kernel_of_numbers if crossing.met_number else traits.kernel
    return crossing.lift(kernel(*positional, **keywords))


class _DeviceTransfer:
    """Move one operation's arguments to the CPU, and its results back."""

    def __init__(self, traits: _Traits) -> None:
        import torch

        self.torch = torch
        self.traits = traits
        self.lowered: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.met_number = False

    def lower(self, value: Any, name: str) -> Any:
        """Return an argument for the CPU. Raises torch's own RuntimeError for a tensor that is not on the device."""
        if isinstance(value, list | tuple):
            return [self.lower(item, name) for item in value]
        if isinstance(value, self.torch.device):
            return self.torch.device("cpu")
        if not isinstance(value, self.torch.Tensor):
            # A number arrives here as a number, even in the form of the operation for two tensors.
            self.met_number |= name in self.traits.tensors and isinstance(value, int | float | complex)
            return value
        if value.device.type != NAME:
            if not self.traits.admits(value, name):
                raise RuntimeError(MIXED)
            return value
        lowered = rename_device(value, CPU)
        if name in self.traits.written and (value.numel() == 0 or self.traits.name == "resize_"):
            lowered = lowered.clone()  # borrowed memory cannot be resized
        self.lowered.append((lowered, value))
        return lowered

    def lift(self, value: Any) -> Any:
        """Return a result for the device; an argument that was written to is returned as itself."""
        if isinstance(value, list | tuple):
            return type(value)(map(self.lift, value))
        if not isinstance(value, self.torch.Tensor):
            return value
        original = next((original for lowered, original in self.lowered if lowered is value), None)
        if original is None:
            return rename_device(value, EXTENSION)
        if original.shape != value.shape:
            original.data = rename_device(value, EXTENSION)
        return original


def _differentiate_convolution(
    gradient: "torch.Tensor", given: "torch.Tensor", weight: "torch.Tensor", *rest: Any
) -> Any:
    import torch

    return torch.ops.aten.convolution_backward(gradient, given, weight, [gradient.shape[1]], *rest)


def _convolve(*args: Any) -> Any:
    import torch

    return torch.ops.aten.convolution(*args)


# Operations that torch has under one name for the CPU and under another for devices that it does not know.
SUPPLIED: dict[str, Callable[..., Any]] = {
    "_copy_from": lambda source, target, non_blocking=False: target.copy_(source),
    "convolution_overrideable": _convolve,
    "convolution_backward_overrideable": _differentiate_convolution,
    **FUSED_CELLS,
}


@functools.cache
def _replace_composites() -> "torch.library.Library":
    """Run operations directly that torch would compose of others: of an empty tensor and a kernel that fills it.

    Leave out those that change a tensor's shape in place: these are no kernels. Convolutions are added, since torch
    only raises an error for them.
    """
    import torch

    library = torch.library.Library("aten", "IMPL")
    names = torch._C._dispatch_get_registrations_for_dispatch_key("CompositeExplicitAutogradNonFunctional")
    for full_name in (*names, *(f"aten::{name}" for name in SUPPLIED if name.startswith("convolution"))):
        name, _, overload = full_name.removeprefix("aten::").partition(".")
        op = getattr(getattr(torch.ops.aten, name), overload or "default")
        if torch.Tag.inplace_view not in op.tags:
            library.impl(op, functools.partial(_run, op), "PrivateUse1")
    return library


def _copy_without_storage() -> None:
    # There is no allocator, so a storage cannot be copied; a tensor without one is copied as a tensor.
    import torch

    has_storage = torch._C._has_storage

    def has(x: "torch.Tensor") -> bool:
        return x.device.type != NAME and has_storage(x)

    torch._C._has_storage = has


def _move_modules_in_place() -> None:
    # On a GPU a parameter stays the same object when its module moves: tied weights stay tied, an optimizer made
    # before the move goes on. Torch does so for its own device types only; for others it must be switched on.
    import torch

    apply: Callable[..., Any] = torch.nn.Module._apply

    @functools.wraps(apply)
    def swap(self: "torch.nn.Module", *args: Any, **kwargs: Any) -> Any:
        before = torch.__future__.get_swap_module_params_on_conversion()
        torch.__future__.set_swap_module_params_on_conversion(True)
        try:
            return apply(self, *args, **kwargs)
        except RuntimeError as error:
            if "swap" not in str(error):
                raise
            # A graph that is still alive holds the old parameters, so the module gets new ones.
            torch.__future__.set_swap_module_params_on_conversion(False)
            return apply(self, *args, **kwargs)
        finally:
            torch.__future__.set_swap_module_params_on_conversion(before)

    torch.nn.Module._apply = swap  # type: ignore[method-assign]


def _accept_in_generators() -> None:
    # A generator of the device is one of the CPU under another name.
    import torch

    class Generator(torch.Generator):
        place: Any

        def __new__(cls, device: Any = "cpu") -> "Generator":
            place = torch.device(device)
            made = super().__new__(cls, "cpu" if place.type == NAME else place)  # type: ignore[call-arg]
            made.place = torch.device(DEVICE) if place.type == NAME else place
            return made

        @property
        def device(self) -> Any:  # type: ignore[override]
            return self.place

    torch.Generator = torch._C.Generator = Generator  # type: ignore[misc]
