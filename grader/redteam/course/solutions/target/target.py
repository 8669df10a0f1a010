"""The target of the red team: plain data, tensors, and a layer that lives in the jail."""

import torch
from torch import Tensor, nn


def double(number: int) -> int:
    """Twice the number."""
    return number + number


def weigh(scores: Tensor, values: Tensor) -> Tensor:
    """Rows of `values` [n, d], weighed by the softmax of `scores` [n]: [d]."""
    weights = torch.exp(scores - scores.max())
    return (weights / weights.sum()) @ values


class Layer(nn.Module):
    """A linear map and a tangent."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """[n, inputs] -> [n, outputs]"""
        return torch.tanh(self.linear(x))
