"""Masked weights row by row, padded with zeros."""
import torch


def masked_weights(scores, lengths):
    rows = torch.zeros_like(scores)
    for i, n in enumerate(lengths.tolist()):
        rows[i, :n] = torch.softmax(scores[i, :n], dim=0)
    return rows
