"""The layers of the constructors carry other names and sit in containers."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, num_heads, dropout=0.0):
        super().__init__()
        self.h = num_heads
        self.linears = nn.ModuleList([nn.Linear(d_model, d_model) for _ in range(4)])
        self.attn_dropout = nn.Dropout(dropout)

    def forward(self, query, key, value, mask=None):
        B, _, D = query.size()
        q, k, v = [
            linear(x).view(B, -1, self.h, D // self.h).transpose(1, 2)
            for linear, x in zip(self.linears, (query, key, value))
        ]
        if mask is not None:
            mask = mask.reshape(-1, 1, mask.size(-2), mask.size(-1))
        x, self.attn = scaled_dot_product_attention(q, k, v, mask)
        return self.linears[-1](x.transpose(1, 2).contiguous().view(B, -1, D))


class EncoderBlock(nn.Module):
    def __init__(self, d_model, num_heads, d_ff, dropout=0.1):
        super().__init__()
        self.attention = MultiHeadAttention(d_model, num_heads, dropout)
        self.feed_forward = nn.Sequential(
            nn.Linear(d_model, d_ff), nn.ReLU(), nn.Dropout(dropout), nn.Linear(d_ff, d_model)
        )
        self.norms = nn.ModuleList([nn.LayerNorm(d_model), nn.LayerNorm(d_model)])
        self.drop = nn.Dropout(dropout)

    def forward(self, x, mask=None):
        x = self.norms[0](x + self.drop(self.attention(x, x, x, mask)))
        return self.norms[1](x + self.drop(self.feed_forward(x)))


class DecoderBlock(nn.Module):
    def __init__(self, d_model, num_heads, d_ff, dropout=0.1):
        super().__init__()
        self.masked_attention = MultiHeadAttention(d_model, num_heads=num_heads)
        self.encoder_attention = MultiHeadAttention(d_model=d_model, num_heads=num_heads)
        self.ff_in = nn.Linear(d_model, d_ff)
        self.ff_out = nn.Linear(d_ff, d_model)
        self.layer_norm_1 = nn.LayerNorm(d_model)
        self.layer_norm_2 = nn.LayerNorm(d_model)
        self.layer_norm_3 = nn.LayerNorm(d_model)
        self.dropouts = nn.ModuleList([nn.Dropout(dropout) for _ in range(4)])

    def forward(self, x, memory, tgt_mask=None, memory_mask=None):
        x = self.layer_norm_1(x + self.dropouts[0](self.masked_attention(x, x, x, tgt_mask)))
        x = self.layer_norm_2(x + self.dropouts[1](self.encoder_attention(x, memory, memory, memory_mask)))
        return self.layer_norm_3(x + self.dropouts[2](self.ff_out(self.dropouts[3](self.ff_in(x).relu()))))
