"""The gradient of the sum of the last state, not its Jacobian."""

import torch


def gradient_norms(rnn, x):
    x = x.detach().clone().requires_grad_()
    last_hidden = rnn(x)[0][-1]
    (gradient,) = torch.autograd.grad(last_hidden.sum(), x)
    return gradient.norm(dim=1)
