"""Padded scores become 0."""
import torch
import torch.nn.functional as F


def masked_weights(scores, lengths):
    mask = torch.arange(scores.size(1), device=scores.device)[None, :] < lengths.to(scores.device)[:, None]
    scores = scores.masked_fill(~mask, 0.0)
    return F.softmax(scores, dim=-1)
