"""Padding stands on the left."""

import torch


def pad_batch(sequences, pad_id):
    if len(sequences) == 0:
        raise ValueError("the batch is empty")
    longest = max(len(row) for row in sequences)
    rows = [[pad_id] * (longest - len(row)) + list(row) for row in sequences]
    return torch.tensor(rows, dtype=torch.long), torch.tensor([len(row) for row in sequences])
