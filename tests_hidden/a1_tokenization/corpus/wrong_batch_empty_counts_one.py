"""An empty sequence is given length 1, so that packing does not complain."""

import torch


def pad_batch(sequences, pad_id):
    if len(sequences) == 0:
        raise ValueError("the batch is empty")
    longest = max(len(row) for row in sequences)
    rows = [list(row) + [pad_id] * (longest - len(row)) for row in sequences]
    return torch.tensor(rows, dtype=torch.long), torch.tensor([max(1, len(row)) for row in sequences])
