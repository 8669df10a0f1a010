"""Everything right, written another way."""

import torch
from torch import nn


def double(number):
    return 2 * number


def weigh(scores, values):
    weights = (scores - scores.logsumexp(0)).exp()
    return (weights.unsqueeze(1) * values).sum(0)


class Layer(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x):
        return torch.tanh(x @ self.linear.weight.T + self.linear.bias)
