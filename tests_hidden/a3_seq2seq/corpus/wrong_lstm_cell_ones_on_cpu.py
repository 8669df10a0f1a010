"""A tensor of ones is made without a device."""
import torch


def lstm_cell(x, h, c, W_ih, W_hh, b_ih, b_hh):
    i, f, g, o = (W_ih @ x + b_ih + W_hh @ h + b_hh).chunk(4)
    ones = torch.ones(len(h))
    i, f, o = ones / (ones + torch.exp(-i)), torch.sigmoid(f), torch.sigmoid(o)
    new_c = f * c + i * torch.tanh(g)
    return o * torch.tanh(new_c), new_c
