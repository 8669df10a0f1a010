"""Rows are sorted by length and not put back."""

import torch


def pad_batch(sequences, pad_id):
    if len(sequences) == 0:
        raise ValueError("the batch is empty")
    sequences = sorted(sequences, key=len, reverse=True)
    longest = len(sequences[0])
    rows = [list(row) + [pad_id] * (longest - len(row)) for row in sequences]
    return torch.tensor(rows, dtype=torch.long), torch.tensor([len(row) for row in sequences])
