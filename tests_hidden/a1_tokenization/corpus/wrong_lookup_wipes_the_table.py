"""weight[None] = 0 is the whole table, where there is no padding_idx."""

import torch


def lookup(embedding, ids):
    with torch.no_grad():
        embedding.weight[embedding.padding_idx] = 0
    return embedding(torch.tensor(ids, device=embedding.weight.device))
