"""Blocks share a base class, and attention is a module of its own."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ScaledDotProduct(nn.Module):
    """Attention as a module."""

    def forward(self, q, k, v, mask=None):
        logits = torch.matmul(q, k.mT) / torch.sqrt(torch.tensor(float(q.size(-1)), device=q.device))
        if mask is not None:
            logits = logits.masked_fill(mask.logical_not(), float("-inf"))
        attention = nn.Softmax(dim=-1)(logits)
        return torch.matmul(attention, v), attention


def scaled_dot_product_attention(q, k, v, mask=None):
    return ScaledDotProduct()(q, k, v, mask)


class MultiHeadAttention(MultiHeadAttention):
    def __init__(self, d_model, num_heads):
        super().__init__(d_model, num_heads)
        self.attention = ScaledDotProduct()

    def forward(self, query, key, value, mask=None):
        def split(x):
            return x.unflatten(2, (self.num_heads, x.size(2) // self.num_heads)).movedim(2, 1)

        if mask is not None and mask.dim() == 3:
            mask = mask[:, None]
        heads, _ = self.attention(split(self.W_q(query)), split(self.W_k(key)), split(self.W_v(value)), mask)
        return self.W_o(heads.movedim(1, 2).flatten(2))


class Sublayers(nn.Module):
    """What both blocks have."""

    def __init__(self, d_model, num_heads, d_ff, dropout=0.1):
        super().__init__()
        self.self_attn = MultiHeadAttention(d_model, num_heads)
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def wrap(self, norm, x, result):
        return norm(x + self.dropout(result))

    def think(self, x):
        return self.linear2(self.dropout(F.relu(self.linear1(x))))


class EncoderBlock(Sublayers):
    def forward(self, x, mask=None):
        x = self.wrap(self.norm1, x, self.self_attn(x, x, x, mask))
        return self.wrap(self.norm2, x, self.think(x))


class DecoderBlock(Sublayers):
    def __init__(self, d_model, num_heads, d_ff, dropout=0.1):
        super().__init__(d_model, num_heads, d_ff, dropout)
        self.cross_attn = MultiHeadAttention(d_model, num_heads)
        self.norm3 = nn.LayerNorm(d_model)

    def forward(self, x, memory, tgt_mask=None, memory_mask=None):
        x = self.wrap(self.norm1, x, self.self_attn.forward(x, x, x, tgt_mask))
        x = self.wrap(self.norm2, x, self.cross_attn.forward(x, memory, memory, memory_mask))
        return self.wrap(self.norm3, x, self.think(x))
