"""An imaginary result."""

import torch


def weigh(scores, values):
    return torch.zeros(values.shape[1], dtype=torch.complex64)
