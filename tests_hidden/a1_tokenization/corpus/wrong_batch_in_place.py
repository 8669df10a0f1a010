"""The given lists are filled up."""

import torch


def pad_batch(sequences, pad_id):
    if len(sequences) == 0:
        raise ValueError("the batch is empty")
    lengths = torch.tensor([len(row) for row in sequences])
    for row in sequences:
        row.extend([pad_id] * (int(lengths.max()) - len(row)))
    return torch.tensor(sequences, dtype=torch.long), lengths
