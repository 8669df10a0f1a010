"""All features go into a single head."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, query, key, value, mask=None):
        if mask is not None and mask.dim() == 4:
            mask = mask.squeeze(1)
        heads, _ = scaled_dot_product_attention(self.W_q(query), self.W_k(key), self.W_v(value), mask)
        return self.W_o(heads)
