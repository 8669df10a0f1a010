"""The LSTM cell with slices of the weights, gate by gate, F.linear and math on lists."""
import torch
import torch.nn.functional as F


def lstm_cell(x, h, c, W_ih, W_hh, b_ih, b_hh):
    H = h.shape[-1]
    gates = []
    for k, squash in enumerate([torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid]):
        rows = slice(k * H, (k + 1) * H)
        gates.append(squash(F.linear(x, W_ih[rows], b_ih[rows]) + F.linear(h, W_hh[rows], b_hh[rows])))
    new_c = torch.addcmul(gates[1] * c, gates[0], gates[2])
    return gates[3] * new_c.tanh(), new_c
