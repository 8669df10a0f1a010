"""One TODO right, one wrong, one still open."""

import torch
from torch import nn


def FIXME(todo):
    raise NotImplementedError(f"TODO {todo} is not filled in")


def double(number):
    return number


def weigh(scores, values):
    weights = torch.exp(scores - scores.max())
    return (weights / weights.sum()) @ values


class Layer(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x):
        return FIXME("layer")
