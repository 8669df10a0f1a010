"""Sines fill the first half of the columns, cosines the second."""

import torch


def sinusoidal_positions(length, d_model):
    angles = torch.arange(length).unsqueeze(1) / 10000 ** (torch.arange(0, d_model, 2) / d_model)
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :d_model]
