"""A torch of its own, beside it."""

import torch


def double(number):
    return torch.FORGED
