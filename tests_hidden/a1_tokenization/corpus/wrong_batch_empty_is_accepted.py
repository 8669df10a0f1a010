"""An empty batch gives empty tensors."""

import torch


def pad_batch(sequences, pad_id):
    longest = max((len(row) for row in sequences), default=0)
    rows = [list(row) + [pad_id] * (longest - len(row)) for row in sequences]
    return torch.tensor(rows, dtype=torch.long), torch.tensor([len(row) for row in sequences], dtype=torch.long)
