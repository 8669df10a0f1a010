"""The states are never gathered: a notebook's global of that name comes back."""


def unroll(x, h_0, W_xh, W_hh, b):
    h_t = h_0
    for x_t in x:
        h_t = rnn_cell(x_t, h_t, W_xh, W_hh, b)
    return hidden_states, h_t.unsqueeze(0)
