"""Everything as sums over named axes, masks through where."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = torch.einsum("...td,...sd->...ts", q, k) * q.shape[-1] ** -0.5
    if mask is not None:
        scores = torch.where(mask.bool(), scores, torch.full_like(scores, -1e9))
    weights = scores.softmax(dim=-1)
    return torch.einsum("...ts,...se->...te", weights, v), weights


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, query, key, value, mask=None):
        batch, _, d_model = query.shape
        head_shape = (batch, -1, self.num_heads, d_model // self.num_heads)
        q = self.W_q(query).reshape(head_shape)
        k = self.W_k(key).reshape(head_shape)
        v = self.W_v(value).reshape(head_shape)
        scores = torch.einsum("bthd,bshd->bhts", q, k) / math.sqrt(q.shape[-1])
        if mask is not None:
            while mask.dim() < 4:
                mask = mask.unsqueeze(-3)
            scores = torch.where(mask, scores, float("-inf"))
        heads = torch.einsum("bhts,bshd->bthd", scores.softmax(-1), v)
        return torch.einsum("btd,ed->bte", heads.reshape(batch, -1, d_model), self.W_o.weight) + self.W_o.bias


def sinusoidal_positions(length, d_model):
    columns = torch.arange(d_model)
    rates = torch.exp(-math.log(10000.0) * (columns - columns % 2) / d_model)
    angles = torch.einsum("p,c->pc", torch.arange(length).float(), rates)
    # a cosine is a sine a quarter turn ahead
    return torch.sin(angles + (columns % 2) * (math.pi / 2))


def causal_mask(size):
    places = torch.arange(size)
    return places[:, None] >= places[None, :]


class EncoderBlock(EncoderBlock):
    def forward(self, x, mask=None):
        x = self.norm1(self.dropout(self.self_attn(query=x, key=x, value=x, mask=mask)) + x)
        return self.norm2(self.dropout(self.linear2(self.dropout(self.linear1(x).clamp(min=0)))) + x)


class DecoderBlock(DecoderBlock):
    def forward(self, x, memory, tgt_mask=None, memory_mask=None):
        x = self.norm1(self.dropout(self.self_attn(query=x, key=x, value=x, mask=tgt_mask)) + x)
        x = self.norm2(self.dropout(self.cross_attn(query=x, key=memory, value=memory, mask=memory_mask)) + x)
        return self.norm3(self.dropout(self.linear2(self.dropout(self.linear1(x).clamp(min=0)))) + x)


@torch.no_grad()
def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    tgt = src.new_full((1, 1), start_token_id)
    for _ in range(max_len):
        best = model(src, tgt)[:, -1:].argmax(dim=-1)
        tgt = torch.cat([tgt, best], dim=1)
        if best.item() == end_token_id:
            break
    return tgt.squeeze(0).tolist()
