"""Buffers are counted, too."""


def count_parameters(module):
    return sum(tensor.numel() for tensor in module.state_dict().values())
