"""A position sees the one after it."""

import torch


def causal_mask(size):
    return torch.ones(size, size, dtype=torch.bool).tril(diagonal=1)
