"""Frozen parameters are counted, too."""


def count_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())
