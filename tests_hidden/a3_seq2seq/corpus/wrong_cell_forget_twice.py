"""The forget gate is used in the place of the input gate."""
import torch


def lstm_cell(x, h, c, W_ih, W_hh, b_ih, b_hh):
    gates = torch.matmul(W_ih, x) + b_ih + torch.matmul(W_hh, h) + b_hh
    i, f, g, o = torch.chunk(gates, 4)
    i = torch.sigmoid(i)
    f = torch.sigmoid(f)
    g = torch.tanh(g)
    o = torch.sigmoid(o)
    c_t = f * c + f * g
    h_t = o * torch.tanh(c_t)
    return h_t, c_t
