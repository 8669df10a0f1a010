"""`draw`: inputs that no student can foresee and every regrade repeats.

Zone: examiner (trusted). The seed is HMAC-SHA256(secret, submission, test): without the secret it cannot be computed,
with it anyone can repeat a grade. A report carries only a commitment to the secret.
"""

import hashlib
import hmac
import os
import random
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import torch

from grader.assignment import PROJECT

Item = TypeVar("Item")
SYLLABLES = tuple("가나다라마바사아자차카타파하강별봄물꽃눈")
SECRET_FILE = PROJECT / ".grader" / "secret"


class Draw:
    """Random inputs of one test for one submission."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = random.Random(seed)
        self._generator = torch.Generator().manual_seed(seed)

    def tensor(self, *shape: int, scale: float = 1.0, requires_grad: bool = False) -> torch.Tensor:
        """A float32 tensor of normal deviates times `scale`."""
        tensor = torch.randn(*shape, generator=self._generator) * scale
        return tensor.requires_grad_(requires_grad)

    def ids(self, high: int, *shape: int, low: int = 0) -> torch.Tensor:
        """An int64 tensor of ids in [low, high)."""
        return torch.randint(low, high, shape, generator=self._generator)

    def integer(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return self._random.randint(low, high)

    def sizes(self, count: int, *, low: int = 3, high: int = 11) -> tuple[int, ...]:
        """`count` pairwise distinct sizes in [low, high], so that no axis can be mistaken for another."""
        return tuple(self._random.sample(range(low, high + 1), count))

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return self._random.choice(items)

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """The items in another order."""
        return self._random.sample(items, len(items))

    def word(self) -> str:
        """A lower-case word of four to nine letters."""
        return "".join(self._random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(self.integer(4, 9)))

    def hangul(self) -> str:
        """A word of two to four Hangul syllables."""
        return "".join(self._random.choice(SYLLABLES) for _ in range(self.integer(2, 4)))

    def seed(self) -> int:
        """A seed below 2**31."""
        return self._random.getrandbits(31)


def derive_seed(secret: bytes, submission_id: str, test_id: str) -> int:
    """The 63-bit seed of one test for one submission."""
    digest = hmac.new(secret, f"{submission_id}\0{test_id}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def load_secret() -> bytes:
    """The course's secret: GRADER_SECRET, or a file made on first use and kept with the course."""
    given = os.environ.get("GRADER_SECRET")
    if given:
        return given.encode()
    return _read_or_create(SECRET_FILE)


def commit_to(secret: bytes) -> str:
    """A commitment that shows two reports used the same secret, and not which."""
    return hashlib.sha256(b"grader seed commitment\0" + secret).hexdigest()


def _read_or_create(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Linked into place, so that of two first runs at once both read the same secret.
    candidate = path.with_name(f"secret.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        candidate.touch(mode=0o600)
        candidate.write_text(secrets.token_hex(32))
        try:
            os.link(candidate, path)
        except FileExistsError:
            pass  # the other run was first: its secret counts
        candidate.unlink()
    return path.read_bytes()
