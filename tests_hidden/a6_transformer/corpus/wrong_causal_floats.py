"""Ones and zeros as floating point numbers."""

import torch


def causal_mask(size):
    return torch.tril(torch.ones(size, size))
