"""`draw`: inputs that no student can foresee and every regrade repeats."""

import functools
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy
    import torch

Item = TypeVar("Item")
SYLLABLES = tuple("가나다라마바사아자차카타파하강별봄물꽃눈")


class Draw:
    """Random inputs of one test for one submission."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = random.Random(seed)

    @functools.cached_property
    def _generator(self) -> "torch.Generator":
        import torch

        return torch.Generator().manual_seed(self._seed)

    @functools.cached_property
    def _numpy_generator(self) -> "numpy.random.Generator":
        import numpy

        return numpy.random.default_rng(self._seed)

    def tensor(self, *shape: int, scale: float = 1.0, requires_grad: bool = False) -> "torch.Tensor":
        """Return a float32 tensor of normal deviates times `scale`."""
        import torch

        tensor = torch.randn(*shape, generator=self._generator) * scale
        return tensor.requires_grad_(requires_grad)

    def ids(self, high: int, *shape: int, low: int = 0) -> "torch.Tensor":
        """Return an int64 tensor of ids in [low, high)."""
        import torch

        return torch.randint(low, high, shape, generator=self._generator)

    def array(self, *shape: int, scale: float = 1.0) -> "numpy.ndarray[Any, Any]":
        """Return a float64 array of normal deviates times `scale`."""
        return self._numpy_generator.standard_normal(shape) * scale

    def integers(self, count: int, low: int, high: int) -> list[int]:
        """Return `count` integers in [low, high]."""
        return [self._random.randint(low, high) for _ in range(count)]

    def number(self, low: float, high: float) -> float:
        """Return a number between `low` and `high`."""
        return self._random.uniform(low, high)

    def integer(self, low: int, high: int) -> int:
        """Return an integer in [low, high]."""
        return self._random.randint(low, high)

    def sizes(self, count: int, *, low: int = 3, high: int = 11) -> tuple[int, ...]:
        """Return `count` pairwise distinct sizes in [low, high], so that no axis can be mistaken for another."""
        return tuple(self._random.sample(range(low, high + 1), count))

    def choice(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return self._random.choice(items)

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return the items in another order."""
        return self._random.sample(items, len(items))

    def word(self) -> str:
        """Return a lower-case word of four to nine letters."""
        return "".join(self._random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(self.integer(4, 9)))

    def hangul(self) -> str:
        """Return a word of two to four Hangul syllables."""
        return "".join(self._random.choice(SYLLABLES) for _ in range(self.integer(2, 4)))

    def seed(self) -> int:
        """Return a seed below 2**31."""
        return self._random.getrandbits(31)
