"""One length for all rows."""
import torch
import torch.nn.functional as F


def masked_weights(scores, lengths):
    mask = torch.arange(scores.size(1), device=scores.device)[None, :] < lengths.max().to(scores.device)
    scores = scores.masked_fill(~mask, float("-inf"))
    return F.softmax(scores, dim=-1)
