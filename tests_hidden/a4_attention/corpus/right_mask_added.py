"""Masked weights by adding a large negative number, on a copy."""
import torch
from torch import nn


def masked_weights(scores, lengths):
    b, s = scores.size()
    index = torch.arange(s).repeat(b, 1).to(scores.device)
    lengths = lengths.view(-1, 1).to(scores)
    penalty = torch.zeros(b, s).to(scores.device)
    penalty[index >= lengths] = -1e9
    return nn.Softmax(dim=1)(scores + penalty)
