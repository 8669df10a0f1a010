"""Heads are folded into the batch; the start token counts towards max_len; ids as a tensor."""

import math

import torch


def scaled_dot_product_attention(q, k, v, mask=None):
    # in the manner of baddbmm: every leading dimension becomes one
    lead = q.shape[:-2]
    flat = [x.reshape(-1, *x.shape[-2:]) for x in (q, k, v)]
    scores = torch.bmm(flat[0], flat[1].transpose(1, 2)) / math.sqrt(q.shape[-1])
    if mask is not None:
        hidden = ~mask.bool().expand(*lead, *mask.shape[-2:]).reshape(-1, *mask.shape[-2:])
        scores = scores.masked_fill(hidden, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, dim=2)
    output = torch.bmm(weights, flat[2])
    return output.view(*lead, *output.shape[-2:]), weights.view(*lead, *weights.shape[-2:])


class MultiHeadAttention(MultiHeadAttention):
    def fold(self, x):
        batch, length, d_model = x.shape
        x = x.view(batch, length, self.num_heads, d_model // self.num_heads).permute(0, 2, 1, 3)
        return x.reshape(batch * self.num_heads, length, -1)

    def forward(self, query, key, value, mask=None):
        batch, length, d_model = query.shape
        if mask is not None:
            if mask.dim() == 4:
                mask = mask.squeeze(1)
            if mask.dim() == 3:
                mask = mask.repeat_interleave(self.num_heads, dim=0)
        folded = (self.fold(self.W_q(query)), self.fold(self.W_k(key)), self.fold(self.W_v(value)))
        heads, _ = scaled_dot_product_attention(*folded, mask)
        heads = heads.view(batch, self.num_heads, length, -1).permute(0, 2, 1, 3).contiguous()
        return self.W_o(heads.view(batch, length, d_model))


def sinusoidal_positions(length, d_model):
    position = torch.arange(0, length, dtype=torch.float).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
    pe = torch.zeros(length, d_model)
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)[:, : pe[:, 1::2].shape[1]]
    return pe


def causal_mask(size):
    return torch.triu(torch.ones(size, size), diagonal=1) == 0


def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    tgt = torch.tensor([start_token_id], device=src.device)
    while tgt.numel() < max_len:
        logits = model(src, tgt[None])
        tgt = torch.cat((tgt, logits[0, -1:].argmax(-1)))
        if tgt[-1] == end_token_id:
            break
    return tgt
