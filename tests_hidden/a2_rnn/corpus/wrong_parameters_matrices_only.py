"""Biases are left out."""


def count_parameters(module):
    return sum(p.numel() for p in module.parameters() if p.requires_grad and p.dim() > 1)
