"""A tensor that is larger than any message may be."""

import torch


def weigh(scores, values):
    return torch.zeros(17 << 20)
