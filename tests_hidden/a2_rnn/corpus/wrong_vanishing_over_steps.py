"""One number for each feature instead of one for each step."""

import torch


def gradient_norms(rnn, x):
    x = x.detach().clone().requires_grad_()
    last_hidden = rnn(x)[0][-1]
    rows = [torch.autograd.grad(entry, x, retain_graph=True)[0] for entry in last_hidden]
    jacobian = torch.stack(rows)
    return jacobian.pow(2).sum(dim=(0, 1)).sqrt()
