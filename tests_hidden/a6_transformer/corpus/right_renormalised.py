"""Exponentials by hand, hidden ones removed and the rest shared anew; positions as turning complex numbers."""

import math

import torch


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = (q.unsqueeze(-2) * k.unsqueeze(-3)).sum(-1).div(math.sqrt(q.size(-1)))
    exps = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    if mask is not None:
        exps = exps * mask
    weights = exps / exps.sum(dim=-1, keepdim=True)
    return (weights.unsqueeze(-1) * v.unsqueeze(-3)).sum(-2), weights


class MultiHeadAttention(MultiHeadAttention):
    def forward(self, query, key, value, mask=None):
        # each head has its own rows of the weights, and its own columns of W_o
        size = query.size(-1) // self.num_heads
        if mask is not None and mask.dim() == 4:
            mask = mask[:, 0]
        output = self.W_o.bias
        for h in range(self.num_heads):
            rows = slice(h * size, (h + 1) * size)
            q = query @ self.W_q.weight[rows].T + self.W_q.bias[rows]
            k = key @ self.W_k.weight[rows].T + self.W_k.bias[rows]
            v = value @ self.W_v.weight[rows].T + self.W_v.bias[rows]
            weights = torch.log_softmax(q @ k.mT / size**0.5, dim=-1).exp()
            if mask is not None:
                weights = weights * mask
                weights = weights / weights.sum(-1, keepdim=True)
            output = output + weights @ v @ self.W_o.weight[:, rows].T
        return output


def sinusoidal_positions(length, d_model):
    turns = torch.arange(length).unsqueeze(1) * 10000.0 ** (-torch.arange(0, d_model, 2) / d_model)
    hands = torch.view_as_real(torch.polar(torch.ones_like(turns), turns))
    return hands.flip(-1).flatten(1)[:, :d_model]


def causal_mask(size):
    return torch.eye(size).cumsum(dim=0).t().flip(0, 1).bool()


class EncoderBlock(EncoderBlock):
    def feed_forward(self, x):
        x = self.linear1(x)
        x = torch.where(x > 0, x, torch.zeros_like(x))
        return self.linear2(self.dropout(x))

    def forward(self, x, mask=None):
        residual = x
        attn_output = self.self_attn(x, x, x, mask)
        x = self.norm1(residual + self.dropout(attn_output))
        residual = x
        ff_output = self.feed_forward(x)
        return self.norm2(residual + self.dropout(ff_output))


def greedy_decode(model, src, start_token_id, end_token_id, max_len=10):
    # one long target, written from left to right: the model is causal
    tgt = torch.full((1, max_len + 1), start_token_id, dtype=torch.long, device=src.device)
    for t in range(max_len):
        values, indices = torch.topk(model(src, tgt)[0, t], k=1)
        tgt[0, t + 1] = indices[0]
        if tgt[0, t + 1].item() == end_token_id:
            return tgt[0, : t + 2].tolist()
    return tgt[0].tolist()
