"""The largest singular value in place of the Frobenius norm."""

import torch


def gradient_norms(rnn, x):
    x = x.detach().clone().requires_grad_()
    last_hidden = rnn(x)[0][-1]
    rows = [torch.autograd.grad(entry, x, retain_graph=True)[0] for entry in last_hidden]
    jacobian = torch.stack(rows)
    return torch.linalg.matrix_norm(jacobian.permute(1, 0, 2), ord=2)
