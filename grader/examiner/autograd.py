"""Carry gradients across the channel: a result's graph is in the jail, its gradient is sent there."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from grader.model.verdict import SubmissionError, Verdict
from grader.wire.messages import Backward, Request

# Where a test is run by hand, pytest shows the test's own lines only.
__tracebackhide__ = True

Ask = Callable[[Request], Any]


def connect_result(ask: Ask, call: int, index: int, result: torch.Tensor, inputs: Sequence[torch.Tensor]) -> Any:
    """Return tensor `index` of the reply to `call`, with a graph that leads through the jail to `inputs`."""
    anchor = torch.zeros((), requires_grad=True)  # a result may depend on parameters alone
    connect: Callable[..., torch.Tensor] = _RemoteBackward.apply
    return connect(ask, call, index, result, anchor, *inputs)


class _RemoteBackward(torch.autograd.Function):
    """Send a result's gradient into the jail, and return the arguments' gradients that come back."""

    @staticmethod
    def forward(ctx: Any, ask: Ask, call: int, index: int, result: torch.Tensor, *inputs: torch.Tensor) -> Any:
        ctx.set_materialize_grads(False)  # no gradient is not a gradient of zeros
        ctx.ask, ctx.call, ctx.index = ask, call, index
        ctx.shapes = [tensor.shape for tensor in inputs[1:]]
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> Any:
        if gradients[0] is None:
            return (None,) * (5 + len(ctx.shapes))
        returned = ctx.ask(Backward(ctx.call, {ctx.index: gradients[0].contiguous()}))
        if not isinstance(returned, list) or len(returned) != len(ctx.shapes):
            raise SubmissionError(Verdict.MALFORMED_REPLY, "gradients that do not belong to the arguments")
        for gradient, shape in zip(returned, ctx.shapes, strict=True):
            if gradient is not None and (not isinstance(gradient, torch.Tensor) or gradient.shape != shape):
                raise SubmissionError(Verdict.MALFORMED_REPLY, "a gradient that is not shaped like its argument")
        return (None, None, None, None, None, *returned)
