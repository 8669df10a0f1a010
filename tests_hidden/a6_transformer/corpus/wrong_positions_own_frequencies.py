"""Each column has a frequency of its own, cosines too."""

import torch


def sinusoidal_positions(length, d_model):
    angles = torch.arange(length).unsqueeze(1) / 10000 ** (torch.arange(d_model) / d_model)
    table = torch.empty(length, d_model)
    table[:, 0::2] = angles[:, 0::2].sin()
    table[:, 1::2] = angles[:, 1::2].cos()
    return table
