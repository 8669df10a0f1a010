"""Tensors are counted, not their entries."""


def count_parameters(module):
    return sum(1 for parameter in module.parameters() if parameter.requires_grad)
