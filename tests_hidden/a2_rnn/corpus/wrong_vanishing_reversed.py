"""Steps are counted from the end."""

import torch


def gradient_norms(rnn, x):
    x = x.detach().clone().requires_grad_()
    last_hidden = rnn(x)[0][-1]
    rows = [torch.autograd.grad(entry, x, retain_graph=True)[0] for entry in last_hidden]
    jacobian = torch.stack(rows)
    return jacobian.pow(2).sum(dim=(0, 2)).sqrt().flip(0)
