"""Masked weights by exponentials that are counted on real positions only."""
import torch


def masked_weights(scores, lengths):
    real = (torch.arange(scores.shape[-1]).to(scores.device).unsqueeze(0) < lengths.to(scores.device).unsqueeze(-1)).float()
    exponentials = torch.exp(scores - scores.max(dim=-1, keepdim=True).values) * real
    return exponentials / exponentials.sum(dim=-1, keepdim=True)
