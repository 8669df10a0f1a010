"""The sum is gathered on the CPU, wherever the inputs are."""

import torch


def rnn_cell(x_t, h_prev, W_xh, W_hh, b):
    total = torch.zeros(len(b))
    total += W_xh @ x_t + W_hh @ h_prev + b
    return torch.tanh(total)
