"""The layers are kept in a plain list: they are no parameters of the module."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.layers = [nn.Linear(d_model, d_model) for _ in range(4)]

    def forward(self, query, key, value, mask=None):
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        q, k, v = (
            layer(x).view(x.size(0), x.size(1), self.num_heads, -1).transpose(1, 2)
            for layer, x in zip(self.layers, (query, key, value))
        )
        heads, _ = scaled_dot_product_attention(q, k, v, mask)
        return self.layers[3](heads.transpose(1, 2).reshape(query.shape))
