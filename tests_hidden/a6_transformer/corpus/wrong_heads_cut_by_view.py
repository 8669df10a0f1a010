"""Heads are cut by a plain view: each one gets pieces of several positions."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, query, key, value, mask=None):
        def split(x):
            return x.view(x.size(0), self.num_heads, x.size(1), -1)

        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        heads, _ = scaled_dot_product_attention(split(self.W_q(query)), split(self.W_k(key)), split(self.W_v(value)), mask)
        return self.W_o(heads.transpose(1, 2).reshape(query.shape))
