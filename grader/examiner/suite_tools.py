"""Tools that the hidden suites of several assignments share: inputs, weights, and readings of replies."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from grader.examiner.draw import Draw
from grader.examiner.proxy import StudentProxy

# Two logits closer than this could change places by rounding alone.
SAFE_MARGIN = 1e-2


@dataclass(frozen=True)
class ModulePair:
    """A module on either side with the same weights."""

    ours: nn.Module
    theirs: Any
    hidden_size: int
    vocab_size: int


@dataclass(frozen=True, kw_only=True)
class DecoderCase:
    """One decoding problem and its answer: `inputs` are what the decoder `ours` starts from."""

    name: str = ""
    arguments: dict[str, Any]
    ours: nn.Module
    inputs: tuple[Tensor, ...]
    max_len: int
    logits: Tensor
    token_ids: list[int]


@dataclass(frozen=True)
class DecoderBatch:
    """The inputs of a batched decoder."""

    encoder_outputs: Tensor
    hidden: Tensor
    target: Tensor
    token: Tensor


class Caller:
    """Calls the submission from inside the jail, where a test needs more than the reply.

    Send it with `student.define(Caller)()`. It travels as source text, so a suite cannot extend it: put further methods
    into a stand-in of the suite's own. Its annotations are quoted, since the jail does not know their names.
    """

    def build(self, cls: "Any", arguments: "dict[str, Any]") -> "Any":
        """Make an object from the arguments that its constructor names, so that optional ones may be left out."""
        import inspect

        names = inspect.signature(cls).parameters
        return cls(**{name: value for name, value in arguments.items() if name in names})

    def inputs_after(self, function: "Any", *inputs: "Any") -> "list[Any]":
        """Return the inputs as they are after the call."""
        function(*inputs)
        return list(inputs)

    def refusal(self, function: "Any", *inputs: "Any") -> str | None:
        """Return the message of the ValueError that the call raises; None if it raises none."""
        try:
            function(*inputs)
        except ValueError as error:
            return str(error)
        return None


def fill_weights(module: nn.Module, draw: Draw, *, scale: float = 1.0) -> nn.Module:
    """Give every parameter a drawn value, so that no mistake hides behind small or equal ones. Return the module."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(draw.tensor(*parameter.shape, scale=scale))
    return module


def as_ids(ids: Any, *, only_lists: bool = False) -> list[int]:
    """Return token ids as plain ints, whether they came as a tensor, a list of ints or a list of tensors.

    With `only_lists`, anything but a tensor, a list or a tuple fails the test.
    """
    if isinstance(ids, Tensor):
        ids = ids.reshape(-1).tolist()
    assert not only_lists or isinstance(ids, (list, tuple)), "expected a list of ids"
    return [int(token) for token in ids]


def fits(actual: Tensor, expected: Tensor) -> bool:
    """Return whether two tensors are close enough to come from the same formula."""
    return actual.shape == expected.shape and torch.allclose(actual, expected, rtol=1e-3, atol=1e-4)


def is_clear(logits: Tensor, *, margin: float = SAFE_MARGIN) -> bool:
    """Return whether the best choice of every row is safe from rounding."""
    best = logits.detach().topk(2, dim=-1).values
    return bool((best[..., 0] - best[..., 1]).min() > margin)


def decoder_arguments(draw: Draw, *, vocab_sizes: tuple[int, int] | None = None, **fixed: Any) -> dict[str, Any]:
    """Return constructor arguments of a one-layer decoder, all sizes different.

    `vocab_sizes` is the range of the vocabulary size: from few tokens to choose from, an answer seldom visits several.
    """
    if vocab_sizes is None:
        vocab_size, embedding_dim, hidden_size = draw.sizes(3, low=6, high=13)
    else:
        embedding_dim, hidden_size = draw.sizes(2, low=6, high=13)
        vocab_size = draw.integer(*vocab_sizes)
    return {
        "vocab_size": vocab_size,
        "embedding_dim": embedding_dim,
        "hidden_size": hidden_size,
        "num_layers": 1,
        "bidirectional": False,
        "start_token_id": draw.integer(0, vocab_size - 1),
        "end_token_id": vocab_size,  # never predicted, until a case chooses one
    } | fixed


def draw_batch(draw: Draw, vocab_size: int, hidden_size: int, *, batch_size: int = 3) -> DecoderBatch:
    """Return encoder outputs, a state and a target whose axes all differ, and a token for each row, all different."""
    positions, steps = draw.shuffled([size for size in (4, 5, 6, 7) if size not in (vocab_size, hidden_size)])[:2]
    return DecoderBatch(
        encoder_outputs=draw.tensor(batch_size, positions, hidden_size),
        hidden=draw.tensor(1, batch_size, hidden_size),
        target=draw.ids(vocab_size, batch_size, steps),
        token=torch.tensor(draw.shuffled(range(vocab_size))[:batch_size]).unsqueeze(1),
    )


def place_step(student: StudentProxy, pair: ModulePair, step: Callable[[int], Any]) -> None:
    """Put the same stand-in, a class made from the vocabulary size, in the place of `forward_step` on both sides."""
    pair.ours.forward_step = step(pair.vocab_size)
    pair.theirs.forward_step = student.define(step)(pair.vocab_size)
