"""The first position is called 1."""

import torch


def sinusoidal_positions(length, d_model):
    angles = torch.arange(1, length + 1).unsqueeze(1) / 10000 ** (torch.arange(0, d_model, 2) / d_model)
    table = torch.empty(length, d_model)
    table[:, 0::2] = angles.sin()
    table[:, 1::2] = angles[:, : d_model // 2].cos()
    return table
