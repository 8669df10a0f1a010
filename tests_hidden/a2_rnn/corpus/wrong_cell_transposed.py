"""The state meets the transposed matrix."""

import torch


def rnn_cell(x_t, h_prev, W_xh, W_hh, b):
    return torch.tanh(W_xh @ x_t + h_prev @ W_hh + b)
