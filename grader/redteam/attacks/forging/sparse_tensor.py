"""A tensor that stores nothing."""

import torch


def weigh(scores, values):
    return torch.zeros(values.shape[1]).to_sparse()
