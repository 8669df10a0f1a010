"""The state that was given is overwritten."""

import torch


def rnn_cell(x_t, h_prev, W_xh, W_hh, b):
    h_t = torch.tanh(W_xh @ x_t + W_hh @ h_prev.clone() + b)
    h_prev.data.copy_(h_t.data)
    return h_t
