"""A second layer is made from the weights: it has no padding_idx, and its gradient goes elsewhere."""

import torch
from torch import nn


def lookup(embedding, ids):
    layer = nn.Embedding.from_pretrained(embedding.weight.data, freeze=False)
    return layer(torch.tensor(ids, device=embedding.weight.device))
