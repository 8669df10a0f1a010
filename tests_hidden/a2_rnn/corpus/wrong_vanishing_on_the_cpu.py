"""The norms are gathered on the CPU."""

import torch


def gradient_norms(rnn, x):
    x = x.detach().clone().requires_grad_()
    last_hidden = rnn(x)[0][-1]
    total = torch.zeros(len(x))
    for entry in last_hidden:
        total += torch.autograd.grad(entry, x, retain_graph=True)[0].pow(2).sum(dim=1)
    return total.sqrt()
