"""A tensor of a terabyte."""

import torch


def weigh(scores, values):
    return torch.ones(1 << 38)
