"""Zeros and minus infinities to be added to the scores."""

import torch


def causal_mask(size):
    return torch.full((size, size), float("-inf")).triu(diagonal=1)
