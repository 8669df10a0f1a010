"""The last of (h_n, c_n) is the cell state."""

import torch


def gradient_norms(rnn, x):
    x = x.detach().clone().requires_grad_()
    last_hidden = rnn(x)[1][-1].flatten()
    rows = [torch.autograd.grad(entry, x, retain_graph=True)[0] for entry in last_hidden]
    jacobian = torch.stack(rows)
    return jacobian.pow(2).sum(dim=(0, 2)).sqrt()
