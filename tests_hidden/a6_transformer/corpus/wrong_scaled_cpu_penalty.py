"""The mask's penalty is made on the CPU wherever the inputs are."""

import math

import torch


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
    if mask is not None:
        penalty = torch.zeros(scores.shape)
        penalty[(mask == 0).expand(scores.shape)] = float("-inf")
        scores = scores + penalty
    weights = torch.softmax(scores, dim=-1)
    return weights @ v, weights
