"""The LSTM cell with einsum over [x; h] and view, sigmoid written as a tanh."""
import torch


def sigma(z):
    return 0.5 * (1 + torch.tanh(z / 2))


def lstm_cell(x, h, c, W_ih, W_hh, b_ih, b_hh):
    stacked = torch.einsum("ij,j->i", torch.cat([W_ih, W_hh], dim=1), torch.cat([x, h]))
    z = (stacked + (b_ih + b_hh)).view(4, -1)
    c = sigma(z[1]) * c + sigma(z[0]) * torch.tanh(z[2])
    return [sigma(z[3]) * torch.tanh(c), c]
