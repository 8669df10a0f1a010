"""The lengths are not brought to the device of the scores."""
import torch
import torch.nn.functional as F


def masked_weights(scores, lengths):
    mask = torch.arange(scores.size(1))[None, :] < lengths[:, None]
    scores = scores.masked_fill(~mask, float("-inf"))
    return F.softmax(scores, dim=-1)
