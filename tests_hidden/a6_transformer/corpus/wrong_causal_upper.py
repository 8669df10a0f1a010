"""True stands above the diagonal: only the future is seen."""

import torch


def causal_mask(size):
    return torch.ones(size, size, dtype=torch.bool).triu()
