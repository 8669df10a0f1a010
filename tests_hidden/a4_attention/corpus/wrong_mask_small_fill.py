"""Padded scores become 1e-9, not -1e9."""
import torch
import torch.nn.functional as F


def masked_weights(scores, lengths):
    mask = torch.arange(scores.size(1), device=scores.device)[None, :] < lengths.to(scores.device)[:, None]
    scores = scores.masked_fill(~mask, 1e-9)
    return F.softmax(scores, dim=-1)
