"""The random number generators that a submission may draw from."""

import contextlib
import random
import sys
from collections.abc import Iterator


def seed_everything(seed: int) -> None:
    """Seed all generators, those of GPUs included: a GPU that has not started yet is seeded when it starts."""
    seed_started(seed)
    torch = sys.modules.get("torch")
    # A build without CUDA would keep the request until it finds a GPU.
    if torch and torch.version.cuda and not torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)


def seed_started(seed: int) -> None:
    """Seed Python's generator, and those of torch, its GPUs and numpy that are in use."""
    random.seed(seed)
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy.random")
    if torch:
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)
    if numpy:
        numpy.seed(seed % 2**32)


@contextlib.contextmanager
def separate_randomness() -> Iterator[None]:
    """Run what is inside with generators of a fixed seed, and leave the generators as they were."""
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy.random")
    python_state = random.getstate()
    torch_state = torch.default_generator.get_state() if torch else None
    cuda_states = torch.cuda.get_rng_state_all() if torch and torch.cuda.is_initialized() else None
    numpy_state = numpy.get_state() if numpy else None
    seed_started(0)
    try:
        yield
    finally:
        random.setstate(python_state)
        if torch and torch_state is not None:
            torch.default_generator.set_state(torch_state)
        if torch and cuda_states is not None:
            torch.cuda.set_rng_state_all(cuda_states)
        if numpy and numpy_state is not None:
            numpy.set_state(numpy_state)
