"""The state is cut from its past in every step."""

import torch


def unroll(x, h_0, W_xh, W_hh, b):
    h, hidden_states = h_0, []
    for x_t in x:
        h = rnn_cell(x_t, h.detach(), W_xh, W_hh, b)
        hidden_states.append(h)
    return torch.stack(hidden_states), h.unsqueeze(0)
