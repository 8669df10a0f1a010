"""h_0 is counted among the states."""

import torch


def unroll(x, h_0, W_xh, W_hh, b):
    hidden_states = [h_0]
    for x_t in x:
        hidden_states.append(rnn_cell(x_t, hidden_states[-1], W_xh, W_hh, b))
    return torch.stack(hidden_states), hidden_states[-1].unsqueeze(0)
