"""The number of heads is written into the code."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, query, key, value, mask=None):
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        q, k, v = (
            torch.stack(layer(x).tensor_split(2, dim=-1), dim=1)
            for layer, x in ((self.W_q, query), (self.W_k, key), (self.W_v, value))
        )
        heads, _ = scaled_dot_product_attention(q, k, v, mask)
        return self.W_o(heads.transpose(1, 2).reshape(query.shape))
